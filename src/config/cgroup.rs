//! What the control group of this process allows, of version 2 or 1, and how often it held the process
//! up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The control group of this process.
#[derive(Clone, Copy, Debug)]
pub struct Cgroup<'a> {
    /// Where the system's file tree begins.
    root: &'a Path,
}

impl Default for Cgroup<'_> {
    fn default() -> Self {
        Cgroup {
            root: Path::new("/"),
        }
    }
}

/// How often and for how long the group's processes stood still because its processor time was used
/// up, since the group was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Periods in which it happened.
    pub periods: u64,
    /// Time over all.
    pub time: Duration,
}

impl<'a> Cgroup<'a> {
    /// The group as the files under `root` tell of it.
    pub fn under(root: &'a Path) -> Cgroup<'a> {
        Cgroup { root }
    }

    /// Bytes of memory, where they are limited.
    pub fn memory_limit(&self) -> Option<u64> {
        let limit = |dirs: Vec<PathBuf>, file: &str| {
            let limits = dirs.iter().filter_map(|dir| read_limit(&dir.join(file)));
            limits.min()
        };
        let version_2 = limit(self.version_2(), "memory.max");
        let version_1 = limit(self.version_1("memory"), "memory.limit_in_bytes");
        version_2.into_iter().chain(version_1).min()
    }

    /// Processors, where they are limited; a part of one as a fraction.
    pub fn cpu_limit(&self) -> Option<f64> {
        let version_2 = self.version_2().into_iter().filter_map(|dir| {
            let text = fs::read_to_string(dir.join("cpu.max")).ok()?;
            let (quota, period) = text.trim().split_once(' ')?;
            share(quota, period)
        });
        let version_1 = self.version_1("cpu").into_iter().filter_map(|dir| {
            let read = |file: &str| fs::read_to_string(dir.join(file)).ok();
            let (quota, period) = (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?);
            share(quota.trim(), period.trim())
        });
        version_2.chain(version_1).min_by(f64::total_cmp)
    }

    /// How often it held its processes up; `None` where the system does not tell.
    pub fn throttled(&self) -> Option<Throttled> {
        let version_2 = self.version_2().into_iter();
        // The group itself where there is a file of it: above it, other groups count too.
        version_2.chain(self.version_1("cpu")).find_map(|dir| {
            let text = fs::read_to_string(dir.join("cpu.stat")).ok()?;
            let value = |key: &str| -> Option<u64> {
                let line = text.lines().find_map(|line| line.strip_prefix(key));
                line?.trim().parse().ok()
            };
            let time = value("throttled_usec ").map(Duration::from_micros);
            Some(Throttled {
                periods: value("nr_throttled ")?,
                time: time.or_else(|| value("throttled_time ").map(Duration::from_nanos))?,
            })
        })
    }

    /// Its directories from its own up to the root: each level bounds those below.
    fn version_2(&self) -> Vec<PathBuf> {
        let own = self.own();
        let group = own.lines().find_map(|line| line.strip_prefix("0::"));
        self.up_from("", group.unwrap_or("/"))
    }

    /// The same of the controller's own tree.
    fn version_1(&self, controller: &str) -> Vec<PathBuf> {
        let own = self.own();
        let group = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let mut controllers = parts.next()?.split(',');
            controllers
                .any(|name| name == controller)
                .then(|| parts.next())?
        });
        self.up_from(controller, group.unwrap_or("/"))
    }

    fn own(&self) -> String {
        fs::read_to_string(self.root.join("proc/self/cgroup")).unwrap_or_default()
    }

    fn up_from(&self, tree: &str, group: &str) -> Vec<PathBuf> {
        let top = self.root.join("sys/fs/cgroup").join(tree);
        let leaf = top.join(group.trim_start_matches('/'));
        let dirs = leaf.ancestors().take_while(|dir| dir.starts_with(&top));
        dirs.map(Path::to_owned).collect()
    }
}

fn read_limit(file: &Path) -> Option<u64> {
    /// Version 1 writes "no limit" as the largest number of whole pages.
    const NO_LIMIT: u64 = 1 << 60;
    let text = fs::read_to_string(file).ok()?;
    text.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)
}

/// Microseconds of a period as processors; `None` for `max` and for -1, which mean no limit.
fn share(quota: &str, period: &str) -> Option<f64> {
    let (quota, period) = (quota.parse::<f64>().ok()?, period.parse::<f64>().ok()?);
    (quota > 0.0 && period > 0.0).then_some(quota / period)
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

    fn memory(root: &tempfile::TempDir) -> Option<u64> {
        Cgroup::under(root.path()).memory_limit()
    }

    #[test]
    fn version_2_takes_the_smallest_on_the_way_up() {
        let root = host(&[
            ("proc/self/cgroup", "0::/kubepods/pod1\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.max", "max\n"),
            ("sys/fs/cgroup/kubepods/memory.max", "134217728\n"),
            ("sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/kubepods/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(memory(&root), Some(128 << 20));
        assert_eq!(Cgroup::under(root.path()).cpu_limit(), Some(1.5));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let root = host(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "268435456\n"),
            (
                "sys/fs/cgroup/cpu.stat",
                "usage_usec 900\nnr_periods 40\nnr_throttled 7\nthrottled_usec 2500000\n",
            ),
        ]);
        assert_eq!(memory(&root), Some(256 << 20));
        let throttled = Throttled {
            periods: 7,
            time: Duration::from_millis(2500),
        };
        assert_eq!(Cgroup::under(root.path()).throttled(), Some(throttled));
    }

    #[test]
    fn version_1_and_no_limit() {
        let cpu = "sys/fs/cgroup/cpu/a";
        let root = host(&[
            ("proc/self/cgroup", "9:cpu,cpuacct:/a\n4:memory:/docker/x\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n"),
            (&format!("{cpu}/cpu.cfs_quota_us"), "50000\n"),
            (&format!("{cpu}/cpu.cfs_period_us"), "100000\n"),
            (
                &format!("{cpu}/cpu.stat"),
                "nr_periods 9\nnr_throttled 3\nthrottled_time 1500000000\n",
            ),
            (
                "sys/fs/cgroup/cpu/cpu.stat",
                "nr_throttled 99\nthrottled_time 0\n",
            ),
        ]);
        let group = Cgroup::under(root.path());
        assert_eq!(memory(&root), Some(64 << 20));
        assert_eq!(group.cpu_limit(), Some(0.5));
        let throttled = group.throttled().expect("it is told");
        assert_eq!((throttled.periods, throttled.time.as_millis()), (3, 1500));

        let root = host(&[
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu.stat", "usage_usec 900\n"),
        ]);
        let group = Cgroup::under(root.path());
        assert_eq!((memory(&root), group.cpu_limit()), (None, None));
        assert_eq!(group.throttled(), None);
        assert_eq!(memory(&host(&[])), None);
    }
}
