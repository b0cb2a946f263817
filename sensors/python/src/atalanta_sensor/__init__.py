"""Telemetry of training loops for Atalanta."""

from .tap import TrainingTap
from .version import VERSION as __version__

__all__ = ["TrainingTap", "__version__"]
