//! Roads with times for each hour of the day (`import::hours`): the input is cut in five at zero bytes, for nodes,
//! edges, weekdays, Saturdays and Sundays.
#![no_main]

use doorstep_roads::{HOURS, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    if let Ok((imported, week)) = import::hours(part(), part(), part(), part(), part()) {
        let arcs = imported.graph.arc_count();
        assert!(imported.graph.is_sound() && week.check(arcs).is_ok());
        for hour in [0, 119, 120, HOURS - 1] {
            assert_eq!(week.arc_times_ms(&imported.graph, week.class(hour)).len(), arcs);
        }
    }
});
