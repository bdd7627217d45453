//! What `logtriage bench` measures with.

pub mod workload;
