//! What a place promises: how far demand is from each corner.

use doorstep_roads::{NodeIx, TravelTimes};

/// For each corner the time within which the next requests are expected, from a sample of recent ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    away_ms: Vec<i32>,
}

impl Outlook {
    /// From the places of recent requests: the mean time from a corner to the `nearest` closest of them.
    ///
    /// `nodes` is the number of corners. Without requests every corner is worth the same.
    pub fn new(nodes: usize, recent: &[NodeIx], nearest: usize, times: &dyn TravelTimes) -> Self {
        let nearest = nearest.min(recent.len());
        if nearest == 0 {
            return Self { away_ms: vec![0; nodes] };
        }
        let sources: Vec<NodeIx> = (0..nodes as NodeIx).collect();
        let mut columns: Vec<Vec<u32>> = Vec::with_capacity(recent.len());
        let mut row = Vec::new();
        for &to in recent {
            times.times_to(to, &sources, &mut row);
            columns.push(row.clone());
        }
        let mut of_node = vec![0_u32; recent.len()];
        let away_ms = (0..nodes)
            .map(|node| {
                for (time, column) in of_node.iter_mut().zip(&columns) {
                    *time = column[node].min(3_600_000);
                }
                let (near, last, _) = of_node.select_nth_unstable(nearest - 1);
                let sum: u64 = near.iter().map(|&t| u64::from(t)).sum::<u64>() + u64::from(*last);
                (sum / nearest as u64) as i32
            })
            .collect();
        Self { away_ms }
    }

    /// Expected time from `node` to the next requests, milliseconds.
    pub fn away_ms(&self, node: NodeIx) -> i32 {
        self.away_ms.get(node as usize).copied().unwrap_or(0)
    }
}
