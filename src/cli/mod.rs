//! The commands: one file each, arguments in and an exit code out.

pub mod rules;
