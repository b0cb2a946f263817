//! Time, scope, telemetry and cost.

pub(super) mod coarse_identity;
pub(super) mod encrypted_layer;
pub(super) mod host_list;
pub(super) mod no_time_frame;
pub(super) mod private_prefix;
pub(super) mod regex_as_contains;
pub(super) mod source_code_in_arguments;
pub(super) mod unbounded_join;
pub(super) mod unbucketed_threshold;
pub(super) mod windows_image_name;
