//! What `auto` means on this host: the memory and the processors that the container may use.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// Bytes in flight where no memory limit is set.
const INFLIGHT_WITHOUT_LIMIT: usize = 256 << 20;
/// Fewer would refuse ordinary batches.
const INFLIGHT_AT_LEAST: usize = 4 << 20;

/// Bytes in the queue where no memory limit is set.
const QUEUE_WITHOUT_LIMIT: usize = 128 << 20;
/// Fewer would refuse ordinary batches.
const QUEUE_AT_LEAST: usize = 2 << 20;

/// A quarter of the memory limit, so that bodies alone can never end the process.
pub(super) fn auto_inflight_bytes() -> usize {
    share_of_memory(4).map_or(INFLIGHT_WITHOUT_LIMIT, |b| b.max(INFLIGHT_AT_LEAST))
}

/// An eighth of the memory limit: half of what bodies may hold in all, so that a full queue leaves
/// room for bodies that are being read and for answers that are being sent.
pub(super) fn auto_queue_bytes() -> usize {
    share_of_memory(8).map_or(QUEUE_WITHOUT_LIMIT, |b| b.max(QUEUE_AT_LEAST))
}

/// A 32nd of the memory limit at a kilobyte for both inputs of a line, which few come to; 32,768
/// without one.
pub(super) fn auto_cache_entries() -> NonZeroUsize {
    const WITHOUT_LIMIT: usize = 32_768;
    const ENTRY: usize = 1024;
    let entries = share_of_memory(32).map_or(WITHOUT_LIMIT, |bytes| bytes / ENTRY);
    NonZeroUsize::new(entries.min(WITHOUT_LIMIT)).unwrap_or(NonZeroUsize::MIN)
}

fn share_of_memory(part: u64) -> Option<usize> {
    let share = memory_limit(Path::new("/"))? / part;
    usize::try_from(share).ok()
}

/// Whole processors that this process may use, at least 1: the smaller of its affinity and its
/// control group's quota (of version 2 or 1). The standard library reads both and rounds the quota
/// down, so half a core counts as 1 and one and a half as 1: a thread more than the quota feeds
/// would spend the quota early in each period and stand still, with all others, for the rest of it.
pub fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The memory limit of this process's control group in bytes, of version 2 or 1.
fn memory_limit(root: &Path) -> Option<u64> {
    let cgroup = root.join("sys/fs/cgroup");
    let own = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let version_2 = own.lines().find_map(|l| l.strip_prefix("0::"));
    let version_1 = own.lines().find_map(|l| {
        let mut parts = l.splitn(3, ':').skip(1);
        let controllers = parts.next()?;
        controllers
            .split(',')
            .any(|c| c == "memory")
            .then(|| parts.next())?
    });
    let v2 = smallest_up_the_tree(&cgroup, version_2.unwrap_or("/"), "memory.max");
    let v1_root = cgroup.join("memory");
    let v1 = smallest_up_the_tree(&v1_root, version_1.unwrap_or("/"), "memory.limit_in_bytes");
    v2.into_iter().chain(v1).min()
}

/// The smallest limit from the group itself up to the root: each level bounds those below.
fn smallest_up_the_tree(root: &Path, group: &str, file: &str) -> Option<u64> {
    let leaf = root.join(group.trim_start_matches('/'));
    leaf.ancestors()
        .take_while(|dir| dir.starts_with(root))
        .filter_map(|dir| read_limit(&dir.join(file)))
        .min()
}

fn read_limit(file: &Path) -> Option<u64> {
    /// Version 1 writes "no limit" as the largest number of whole pages.
    const NO_LIMIT: u64 = 1 << 60;
    let text = fs::read_to_string(file).ok()?;
    text.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary directory");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn version_2_takes_the_smallest_on_the_way_up() {
        let root = host(&[
            ("proc/self/cgroup", "0::/kubepods/pod1\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.max", "max\n"),
            ("sys/fs/cgroup/kubepods/memory.max", "134217728\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(128 << 20));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let root = host(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "268435456\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(256 << 20));
    }

    #[test]
    fn version_1_and_no_limit() {
        let root = host(&[
            ("proc/self/cgroup", "9:cpu,cpuacct:/a\n4:memory:/docker/x\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(64 << 20));
        let unlimited = "9223372036854771712\n";
        let root = host(&[("sys/fs/cgroup/memory/memory.limit_in_bytes", unlimited)]);
        assert_eq!(memory_limit(root.path()), None);
        assert_eq!(memory_limit(host(&[]).path()), None);
    }
}
