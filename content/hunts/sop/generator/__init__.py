"""Builders of the attack recordings and benign twins of the 35 hunts."""
