//! Made-up machines: files of `/proc` and `/sys` in a folder.

use std::path::Path;

use super::*;

const MEMINFO: &str = "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    6000000 kB\n";
const STATUS: &str = "Name:\tcat\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0\n";
const MOUNT_V2: &str = "35 31 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const MOUNTS_V1: &str = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw master:5 - cgroup cgroup rw,cpu,cpuacct\n\
     34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
     35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const NO_LIMIT_V1: &str = "9223372036854771712\n";

fn machine(files: &[(&str, &str)]) -> Machine {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(root.path(), path, text);
    }
    Machine::under(root.path(), 3)
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    crate::sys::files::make_dir(path.parent().unwrap()).unwrap();
    crate::sys::files::write(&path, text.as_bytes()).unwrap();
}

fn cores(files: &[(&str, &str)]) -> f64 {
    machine(&[files, &[("proc/self/status", STATUS), ("sys/devices/system/cpu/online", "0-3\n")]].concat()).cores
}

#[test]
fn processors_are_those_allowed_and_online() {
    let table: [(&[(&str, &str)], f64); 7] = [
        (&[], 3.0),
        (&[("proc/self/status", STATUS)], 8.0),
        (&[("proc/self/status", STATUS), ("sys/devices/system/cpu/online", "0-1,6\n")], 3.0),
        (&[("proc/self/status", "Cpus_allowed_list:\t2\n"), ("sys/devices/system/cpu/online", "0-3\n")], 1.0),
        (&[("proc/self/status", "Cpus_allowed_list:\tnonsense\n")], 3.0),
        (&[("proc/self/status", "Cpus_allowed_list:\t9-2\n")], 3.0),
        (&[("proc/self/status", "Cpus_allowed_list:\t0-99999999999\n")], 3.0),
    ];
    for (files, expected) in table {
        assert_eq!(machine(files).cores, expected, "{files:?}");
    }
}

#[test]
fn the_tightest_quota_of_all_groups_above_counts() {
    let v2 = |own: &'static str, rest: &[(&'static str, &'static str)]| {
        cores(&[&[("proc/self/mountinfo", MOUNT_V2), ("proc/self/cgroup", own)], rest].concat())
    };
    let own = "0::/a.slice/b.scope\n";
    let (top, outer, inner) =
        ("sys/fs/cgroup/cpu.max", "sys/fs/cgroup/a.slice/cpu.max", "sys/fs/cgroup/a.slice/b.scope/cpu.max");
    assert_eq!(v2(own, &[]), 4.0, "no file at all");
    assert_eq!(v2(own, &[(outer, "max 100000\n"), (inner, "max 100000\n")]), 4.0);
    assert_eq!(v2(own, &[(outer, "max 100000\n"), (inner, "50000 100000\n")]), 0.5);
    assert_eq!(v2(own, &[(outer, "50000 100000\n"), (inner, "200000 100000\n")]), 0.5);
    assert_eq!(v2(own, &[(outer, "150000 100000\n"), (inner, "max 100000\n")]), 1.5);
    assert_eq!(v2(own, &[(inner, "900000 100000\n")]), 4.0, "more than there are");
    assert_eq!(v2("0::/\n", &[(top, "25000 50000\n")]), 0.5, "a namespace of its own");
    for garbage in ["", "\n", "50000", "x y", "50000 0", "0 0", "-5 100000", "0 100000", "inf 1", "nan nan"] {
        assert_eq!(v2(own, &[(inner, garbage)]), 4.0, "{garbage:?}");
    }

    let v1 = |own: &'static str, rest: &[(&'static str, &'static str)]| {
        cores(&[&[("proc/self/mountinfo", MOUNTS_V1), ("proc/self/cgroup", own)], rest].concat())
    };
    let own = "9:name=systemd:/other\n3:cpuset:/set\n2:cpu,cpuacct:/outer/inner\n0::/\n";
    let quota = "sys/fs/cgroup/cpu,cpuacct/outer/inner/cpu.cfs_quota_us";
    let period = ("sys/fs/cgroup/cpu,cpuacct/outer/inner/cpu.cfs_period_us", "100000\n");
    let outer = [
        ("sys/fs/cgroup/cpu,cpuacct/outer/cpu.cfs_quota_us", "75000\n"),
        ("sys/fs/cgroup/cpu,cpuacct/outer/cpu.cfs_period_us", "50000\n"),
    ];
    assert_eq!(v1(own, &[(quota, "-1\n"), period]), 4.0);
    assert_eq!(v1(own, &[(quota, "50000\n"), period]), 0.5);
    assert_eq!(v1(own, &[(quota, "50000\n")]), 4.0, "no period");
    assert_eq!(v1(own, &[(quota, "-1\n"), period, outer[0], outer[1]]), 1.5);
    assert_eq!(v1(own, &[(quota, "garbage\n"), period, outer[0], outer[1]]), 1.5);
    assert_eq!(v1("2:cpu,cpuacct:/outer/gone (deleted)\n", &[outer[0], outer[1]]), 4.0);
}

#[test]
fn a_container_that_sees_the_paths_of_its_host_reads_what_is_mounted() {
    let mounts = "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
    let here =
        [("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n"), ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")];
    for own in ["2:cpu:/docker/abc\n", "2:cpu:/docker/abc/deeper\n", "2:cpu:/elsewhere\n", "2:cpu:/../..\n"] {
        let files = [("proc/self/mountinfo", mounts), ("proc/self/cgroup", own), here[0], here[1]];
        assert_eq!(cores(&files), 1.5, "{own}");
    }
    let mounts = r"35 31 0:30 / /sys/fs/with\040space rw - cgroup2 cgroup2 rw";
    let files = [("proc/self/mountinfo", mounts), ("proc/self/cgroup", "0::/\n")];
    assert_eq!(cores(&[files[0], files[1], ("sys/fs/with space/cpu.max", "10000 100000\n")]), 0.1);
}

#[test]
fn jobs_fill_the_cores() {
    for (cores, jobs) in [(0.1, 1), (0.5, 1), (1.0, 1), (1.5, 2), (2.0, 2), (64.0, 64)] {
        assert_eq!(Machine::of(cores, 1).jobs(), jobs, "{cores}");
    }
}

/// The limit, and what is in use.
fn memory(files: &[(&str, &str)]) -> (u64, u64) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(root.path(), path, text);
    }
    let machine = Machine::under(root.path(), 1);
    (machine.memory, machine.memory_in_use())
}

#[test]
fn memory_in_use_leaves_what_the_tightest_limit_leaves() {
    const MB: u64 = 1_024_000;
    let host = [("proc/meminfo", MEMINFO)];
    assert_eq!(memory(&host), (8000 * MB, 2000 * MB));
    assert_eq!(memory(&[]), (u64::MAX, 0));
    assert_eq!(memory(&[("proc/meminfo", "MemTotal: many kB\nnonsense")]), (u64::MAX, 0));

    let v2 = |rest: &[(&'static str, &'static str)]| {
        let own = [("proc/self/mountinfo", MOUNT_V2), ("proc/self/cgroup", "0::/a/b\n"), host[0]];
        memory(&[&own, rest].concat())
    };
    let (limit, used) = ("sys/fs/cgroup/a/b/memory.max", "sys/fs/cgroup/a/b/memory.current");
    let cached = ("sys/fs/cgroup/a/b/memory.stat", "anon 700\nfile 300\ninactive_file 300\nactive_file 0\n");
    assert_eq!(v2(&[(limit, "max\n"), (used, "500\n")]), (8000 * MB, 2000 * MB));
    assert_eq!(v2(&[(limit, "2000\n"), (used, "1000\n")]), (2000, 1000));
    assert_eq!(v2(&[(limit, "2000\n"), (used, "1000\n"), cached]), (2000, 700));
    assert_eq!(v2(&[(limit, "2000\n"), (used, "5000\n")]), (2000, 2000), "over its limit");
    assert_eq!(v2(&[(limit, "2000\n")]).0, 2000, "no use known");
    // An outer group with less left, though its limit is higher.
    let outer = [("sys/fs/cgroup/a/memory.high", "3000\n"), ("sys/fs/cgroup/a/memory.current", "2900\n")];
    assert_eq!(v2(&[(limit, "2000\n"), (used, "1000\n"), outer[0], outer[1]]), (2000, 1900));
    // A machine with less left than the group.
    let poor = ("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 1 kB\n");
    assert_eq!(v2(&[(limit, "4096\n"), (used, "1000\n"), poor]), (4096, 4096 - 1024));

    let v1 = |rest: &[(&'static str, &'static str)]| {
        let own = [("proc/self/mountinfo", MOUNTS_V1), ("proc/self/cgroup", "4:memory:/c\n"), host[0]];
        memory(&[&own, rest].concat())
    };
    let (limit, used) =
        ("sys/fs/cgroup/memory/c/memory.limit_in_bytes", "sys/fs/cgroup/memory/c/memory.usage_in_bytes");
    let stat = "sys/fs/cgroup/memory/c/memory.stat";
    assert_eq!(v1(&[(limit, NO_LIMIT_V1), (used, "500\n")]), (8000 * MB, 2000 * MB));
    let cached = (stat, "inactive_file 1\ntotal_inactive_file 300\n");
    assert_eq!(v1(&[(limit, "2000\n"), (used, "1000\n"), cached]), (2000, 700));
    // A group above that is not mounted here.
    let hidden = (stat, "hierarchical_memory_limit 1500\ntotal_inactive_file 300\n");
    assert_eq!(v1(&[(limit, NO_LIMIT_V1), (used, "1000\n"), hidden]), (1500, 700));
}

#[test]
fn pressure_is_that_of_the_own_group_or_of_the_machine() {
    let text =
        |avg10: &str| format!("some avg10={avg10} avg60=1.00 avg300=2.00 total=3\nfull avg10=0.00 avg60=0 avg300=0\n");
    let pressure = |files: &[(&str, &str)]| {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(root.path(), path, text);
        }
        Machine::under(root.path(), 1).pressure()
    };
    let (of_machine, of_group) = (text("50.00"), text("12.50"));
    let machine = ("proc/pressure/cpu", of_machine.as_str());
    let mounted = [("proc/self/mountinfo", MOUNT_V2), ("proc/self/cgroup", "0::/a\n")];
    assert_eq!(pressure(&[]), None);
    assert_eq!(pressure(&[machine]), Some(0.5));
    assert_eq!(pressure(&[machine, mounted[0], mounted[1]]), Some(0.5), "no file in the group");
    let group = ("sys/fs/cgroup/a/cpu.pressure", of_group.as_str());
    assert_eq!(pressure(&[machine, mounted[0], mounted[1], group]), Some(0.125));
    for garbage in ["", "full avg10=1.00", "some avg10=", "some avg10=nan", "some avg10=-1", "some avg10=250", "some\n"]
    {
        assert_eq!(pressure(&[("proc/pressure/cpu", garbage)]), None, "{garbage:?}");
    }
}

#[test]
fn this_machine_has_something() {
    let machine = Machine::look();
    assert!(machine.cores > 0.0 && machine.memory > 0 && machine.memory_in_use() <= machine.memory, "{machine:?}");
}
