//! Travel times between the corners of a batch, by target and by source, so that all that is asked about
//! one rider lies in four rows.

use std::borrow::Cow;

use doorstep_roads::{NodeIx, TravelTimes};

use super::board::FAR_MS;

/// A dense table over the corners that a batch speaks of.
pub(super) struct Table<'a> {
    nodes: usize,
    to: Cow<'a, [u32]>,
    from: Cow<'a, [u32]>,
    /// The batch's corners in ascending order, where the table holds only those.
    listed: Option<Vec<NodeIx>>,
}

impl<'a> Table<'a> {
    /// The city's own table where there is one, else one of the corners in `corners`.
    pub(super) fn new(times: &'a dyn TravelTimes, corners: impl Iterator<Item = NodeIx>) -> Self {
        if let Some(matrix) = times.matrix() {
            return Self {
                nodes: matrix.node_count(),
                to: Cow::Borrowed(matrix.rows_by_target()),
                from: Cow::Borrowed(matrix.rows_by_source()),
                listed: None,
            };
        }
        let mut listed: Vec<NodeIx> = corners.collect();
        listed.sort_unstable();
        listed.dedup();
        let nodes = listed.len();
        let (mut to, mut row) = (Vec::with_capacity(nodes * nodes), Vec::new());
        for &target in &listed {
            times.times_to(target, &listed, &mut row);
            to.extend_from_slice(&row);
        }
        let from = (0..nodes * nodes).map(|at| to[at % nodes * nodes + at / nodes]).collect();
        Self { nodes, to: Cow::Owned(to), from: Cow::Owned(from), listed: Some(listed) }
    }

    /// The table's own number of a corner.
    pub(super) fn place(&self, corner: NodeIx) -> u32 {
        match &self.listed {
            Some(listed) => {
                listed.binary_search(&corner).expect("invariant: all corners of the batch are listed") as u32
            }
            None => corner,
        }
    }

    /// The times to a place.
    #[inline]
    pub(super) fn to(&self, place: u32) -> Row<'_> {
        Row(&self.to[place as usize * self.nodes..][..self.nodes])
    }

    /// The times from a place.
    #[inline]
    pub(super) fn from(&self, place: u32) -> Row<'_> {
        Row(&self.from[place as usize * self.nodes..][..self.nodes])
    }
}

/// Driving times of one place.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a [u32]);

impl Row<'_> {
    /// Milliseconds to or from another place; what cannot be reached is [`FAR_MS`] away.
    #[inline]
    pub(super) fn ms(self, place: u32) -> i32 {
        self.0[place as usize].min(FAR_MS as u32) as i32
    }
}
