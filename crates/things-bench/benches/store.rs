//! Every bench by criterion, on 51 and on 10,000 tasks: `cargo bench -p things-bench --bench store`.

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use things_bench::{Scene, Size, BENCHES};

fn store(criterion: &mut Criterion) {
    for (size, tasks) in [(Size::Small, 51_u32), (Size::Large, 10_000)] {
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
