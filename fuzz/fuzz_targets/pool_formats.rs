//! The benchmark files of shared rides; what is taken is also solved for a moment and judged.
#![no_main]

use doorstep_pooling::check::judge;
use doorstep_pooling::formats::{self, FormatError, Limits};
use doorstep_pooling::instance::Instance;
use doorstep_pooling::search::{Settings, solve};
use libfuzzer_sys::fuzz_target;

/// The first byte says which format; three files of one input are cut at zero bytes.
fn read(data: &[u8]) -> Option<Result<Instance, FormatError>> {
    let (which, rest) = data.split_first()?;
    let text = std::str::from_utf8(rest).ok()?;
    match which % 4 {
        0 => Some(formats::li_lim(text)),
        1 => Some(formats::darp(text)),
        2 => Some(formats::sartori(text)),
        _ => {
            let mut files = text.splitn(3, '\0');
            let (requests, drivers, roads) = (files.next()?, files.next()?, files.next()?);
            Some(formats::hga(requests, drivers, roads, Limits::default()))
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some(Ok(instance)) = read(data)
        && instance.requests().len() <= 12
        && instance.fleets().len() <= 4
    {
        let settings = Settings { time: None, iterations: 12, seed: 1, threads: 1 };
        let solution = solve(&instance, &settings, |_| {});
        let report = judge(&instance, &solution.plan);
        assert!(report.ok || solution.unserved > 0, "{:?}", report.problems);
    }
});
