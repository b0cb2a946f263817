//! The atalanta binary.
fn main() {}
