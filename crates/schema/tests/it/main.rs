//! The catalogue over its real content.

mod reference;
