//! Every bench by criterion, on 51, 1,000, 10,000 and 100,000 tasks: `cargo bench -p things-bench --bench store`, with a filter
//! such as `logbook/1000`, which runs all sizes that begin so.

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use things_bench::{Scene, Size, BENCHES};

fn store(criterion: &mut Criterion) {
    for (size, tasks) in
        [(Size::Small, 51_u32), (Size::Tasks(1_000), 1_000), (Size::Large, 10_000), (Size::Tasks(100_000), 100_000)]
    {
        let scene = Scene::built(size);
        for bench in BENCHES {
            let mut group = criterion.benchmark_group(bench.name);
            group.throughput(Throughput::Elements(bench.run(&scene) as u64));
            group.bench_with_input(BenchmarkId::from_parameter(tasks), &scene, |bencher, scene| {
                bencher.iter(|| bench.run(scene));
            });
            group.finish();
        }
    }
}

criterion_group!(benches, store);
criterion_main!(benches);
