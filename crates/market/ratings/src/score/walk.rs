//! Walks over many raters or subjects on all cores. The parts are cut by the data alone and put together in
//! their order, so the number of threads never shows in a result.

use std::ops::Range;
use std::sync::Mutex;

/// Parts of a large walk.
const PARTS: usize = 32;
/// Below this many reviews a walk is not worth a thread.
const SMALL: usize = 100_000;

/// Fills `out`, one value per list, and returns what each part summed up. `start` says where each list begins
/// among the reviews, so that parts hold about as many reviews.
pub(super) fn fill<T: Send, A: Send>(
    start: &[u32],
    out: &mut [T],
    work: impl Fn(Range<usize>, &mut [T]) -> A + Sync,
) -> Vec<A> {
    let (lists, reviews) = (out.len(), *start.last().unwrap_or(&0) as usize);
    let mut parts = Vec::new();
    let (mut rest, mut begin) = (out, 0);
    for part in 1..=PARTS {
        let end = if part == PARTS {
            lists
        } else {
            start.partition_point(|&at| (at as usize) < reviews * part / PARTS).clamp(begin, lists)
        };
        let (own, after) = rest.split_at_mut(end - begin);
        rest = after;
        parts.push((begin..end, own));
        begin = end;
    }
    let threads = if reviews < SMALL { 1 } else { std::thread::available_parallelism().map_or(1, usize::from).min(8) };
    if threads == 1 {
        return parts.into_iter().map(|(range, own)| work(range, own)).collect();
    }
    let waiting = Mutex::new(parts.into_iter().enumerate());
    let mut done: Vec<(usize, A)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let next = waiting.lock().expect("no worker panics while it takes a part").next();
                        let Some((index, (range, own))) = next else { return mine };
                        mine.push((index, work(range, own)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("a walk does not panic")).collect()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, sum)| sum).collect()
}
