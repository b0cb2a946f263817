//! What the conditions mean.

mod alternatives;
pub(super) mod always_true;
pub(super) mod byte_direction;
pub(super) mod dead_branch;
pub(super) mod dead_choice;
pub(super) mod named_attack;
pub(super) mod never;
pub(super) mod null_comparison;
pub(super) mod one_value;
pub(super) mod subsumed;
pub(super) mod thin_baseline;
