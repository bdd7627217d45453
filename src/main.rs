//! The `logtriage` command: arguments in, exit code out.

fn main() {}
