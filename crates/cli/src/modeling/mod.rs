//! Rule packs: rules files with their schema, their events, and the values that a pack expects of them.

pub mod compare;
pub mod pack;
pub mod records;
pub mod testdata;
pub mod written;
