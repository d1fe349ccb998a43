use std::time::{Duration, Instant};

use crate::support::Fixture;

#[tokio::test]
#[ignore = "measures; run it alone, in release"]
async fn a_command_costs_little() {
    let fixture = Fixture::new();
    let began = Instant::now();
    fixture.run("true").await;
    let first = began.elapsed();
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        fixture.run("true").await;
        times.push(began.elapsed());
    }
    times.sort();
    println!("first {first:?}, median {:?}, 95 % {:?}", times[100], times[190]);
}
