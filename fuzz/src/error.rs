//! The errors of the listeners, without the store behind them.

/// Why a body is not taken.
#[derive(Clone, Debug)]
pub enum IntakeError {
    /// It is not what the listener expects.
    Request(String),
    /// It is larger than allowed.
    TooLarge(String),
}

impl IntakeError {
    /// What the producer is told.
    pub fn text(&self) -> &str {
        match self {
            Self::Request(text) | Self::TooLarge(text) => text,
        }
    }
}
