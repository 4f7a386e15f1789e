//! The cheapest order of inner joins, as far as row counts tell.
//!
//! Exhaustive over bushy trees of connected relations (dynamic programming over subsets, as in Moerkotte and Neumann,
//! "Analysis of Two Existing and One New Dynamic Programming Algorithm", VLDB 2006), greedy by the smallest outcome
//! (Fegaras, "A New Heuristic for Optimizing Large Queries", 1998) where there are too many.

/// Relations of which every order is looked at.
const EXHAUSTIVE: usize = 8;
/// Relations that are put in order at all.
pub(super) const MOST: usize = 32;
/// What a row of a hash table's side costs, and one that is looked up, beside one that comes out.
const BUILT: f64 = 2.0;
const LOOKED_UP: f64 = 0.2;

/// A set of relations, a bit each.
pub(super) type Set = u32;

/// Expressions of several relations that the query holds equal.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// Relations that have one of them.
    pub(super) members: Set,
    /// How many values there are, at most.
    pub(super) domain: f64,
}

/// Relations and what joins them.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// Rows of each after its own filters.
    pub(super) rows: Vec<f64>,
    /// Rows of each before.
    pub(super) base: Vec<f64>,
    /// What joins them.
    pub(super) classes: Vec<Class>,
}

/// An order of joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// A relation.
    Leaf(usize),
    /// Two of them joined; the left one is to be held in memory.
    Join(Box<Tree>, Box<Tree>),
}

/// A tree, its rows and what it costs.
#[derive(Clone, Debug)]
struct Plan {
    tree: Tree,
    set: Set,
    rows: f64,
    cost: f64,
}

impl Tree {
    /// The relations in it.
    pub(super) fn set(&self) -> Set {
        match self {
            Self::Leaf(ix) => 1 << ix,
            Self::Join(left, right) => left.set() | right.set(),
        }
    }
}

impl Graph {
    /// The cheapest order that was found and its cost; nothing if some relations are joined to no other.
    pub(super) fn search(&self) -> Option<(Tree, f64)> {
        let leaves: Vec<Plan> = (0..self.rows.len()).map(|ix| self.leaf(ix)).collect();
        let best = match leaves.len() {
            0 => None,
            n if n <= EXHAUSTIVE => self.exhaustive(leaves),
            _ => self.greedy(leaves),
        }?;
        Some((best.tree, best.cost))
    }

    /// What an order costs; without bound if it joins what nothing connects.
    pub(super) fn cost(&self, tree: &Tree) -> f64 {
        self.plan(tree).map_or(f64::INFINITY, |plan| plan.cost)
    }

    fn plan(&self, tree: &Tree) -> Option<Plan> {
        match tree {
            Tree::Leaf(ix) => Some(self.leaf(*ix)),
            Tree::Join(left, right) => self.join(&self.plan(left)?, &self.plan(right)?),
        }
    }

    fn leaf(&self, ix: usize) -> Plan {
        Plan { tree: Tree::Leaf(ix), set: 1 << ix, rows: self.rows[ix].max(1.0), cost: 0.0 }
    }

    fn join(&self, a: &Plan, b: &Plan) -> Option<Plan> {
        let fewer = self.lessening(a.set, b.set)?;
        let rows = a.rows * b.rows / fewer;
        let (small, large) = if a.rows <= b.rows { (a, b) } else { (b, a) };
        let cost = a.cost + b.cost + rows + BUILT * small.rows + LOOKED_UP * large.rows;
        let tree = Tree::Join(Box::new(small.tree.clone()), Box::new(large.tree.clone()));
        Some(Plan { tree, set: a.set | b.set, rows, cost })
    }

    /// By how much a join of two sets gives fewer rows than all pairs; nothing if nothing joins them.
    fn lessening(&self, a: Set, b: Set) -> Option<f64> {
        let mut open: Vec<&Class> =
            self.classes.iter().filter(|class| class.members & a != 0 && class.members & b != 0).collect();
        if open.is_empty() {
            return None;
        }
        let mut fewer = 1.0;
        while !open.is_empty() {
            // Columns that join the same two relations are a key together: as many values as the smaller has rows.
            let links = |i: usize, j: usize| {
                let both = (1 << i) | (1 << j);
                move |class: &&Class| class.members & both == both
            };
            let pairs = bits(a).flat_map(|i| bits(b).map(move |j| (i, j)));
            let (i, j) = pairs.max_by_key(|(i, j)| open.iter().filter(|class| links(*i, *j)(class)).count())?;
            let together: f64 = open.iter().filter(|class| links(i, j)(class)).map(|class| class.domain).product();
            fewer *= together.min(self.base[i].min(self.base[j])).max(1.0);
            open.retain(|class| !links(i, j)(class));
        }
        Some(fewer)
    }

    fn exhaustive(&self, leaves: Vec<Plan>) -> Option<Plan> {
        let all: Set = (1 << leaves.len()) - 1;
        let mut best: Vec<Option<Plan>> = vec![None; 1 << leaves.len()];
        for leaf in leaves {
            let set = leaf.set as usize;
            best[set] = Some(leaf);
        }
        for set in 1..=all {
            if set.count_ones() < 2 {
                continue;
            }
            // The halves that hold the lowest relation: each pair once.
            let lowest = set & set.wrapping_neg();
            let mut half = (set - 1) & set;
            while half != 0 {
                if half & lowest != 0
                    && let (Some(a), Some(b)) = (&best[half as usize], &best[(set ^ half) as usize])
                    && let Some(joined) = self.join(a, b)
                    && best[set as usize].as_ref().is_none_or(|known| joined.cost < known.cost)
                {
                    best[set as usize] = Some(joined);
                }
                half = (half - 1) & set;
            }
        }
        best.pop().flatten()
    }

    fn greedy(&self, mut open: Vec<Plan>) -> Option<Plan> {
        while open.len() > 1 {
            let mut found: Option<(usize, usize, Plan)> = None;
            for i in 0..open.len() {
                for j in i + 1..open.len() {
                    if let Some(joined) = self.join(&open[i], &open[j])
                        && found.as_ref().is_none_or(|(_, _, known)| joined.rows < known.rows)
                    {
                        found = Some((i, j, joined));
                    }
                }
            }
            let (i, j, joined) = found?;
            open.swap_remove(j);
            open[i] = joined;
        }
        open.pop()
    }
}

/// The relations of a set.
fn bits(set: Set) -> impl Iterator<Item = usize> + Clone {
    (0..Set::BITS as usize).filter(move |ix| set & (1 << ix) != 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(members: &[usize], domain: f64) -> Class {
        Class { members: members.iter().map(|ix| 1 << ix).sum(), domain }
    }

    /// Suppliers of one nation first, whatever the query lists first.
    #[test]
    fn a_small_table_comes_first() {
        let graph = Graph {
            // supplier, lineitem, orders, nation
            rows: vec![1e5, 2e7, 7e6, 1.0],
            base: vec![1e5, 6e7, 1.5e7, 25.0],
            classes: vec![class(&[0, 1], 1e5), class(&[1, 2], 1.5e7), class(&[0, 3], 25.0)],
        };
        let (tree, cost) = graph.search().unwrap();
        let first = Tree::Join(Box::new(Tree::Leaf(3)), Box::new(Tree::Leaf(0)));
        let with_lines = Tree::Join(Box::new(first), Box::new(Tree::Leaf(1)));
        assert_eq!(tree, Tree::Join(Box::new(with_lines), Box::new(Tree::Leaf(2))));
        let listed =
            [1, 2, 3].into_iter().fold(Tree::Leaf(0), |tree, ix| Tree::Join(Box::new(tree), Box::new(Tree::Leaf(ix))));
        assert!(cost < graph.cost(&listed) / 2.0);
    }

    /// Two columns that are a key together are not worth two keys.
    #[test]
    fn keys_of_two_columns_are_one_key() {
        let graph = Graph {
            rows: vec![6e7, 8e6],
            base: vec![6e7, 8e6],
            classes: vec![class(&[0, 1], 2e6), class(&[0, 1], 1e5)],
        };
        assert_eq!(graph.lessening(1, 2), Some(8e6));
    }

    #[test]
    fn what_nothing_joins_has_no_order() {
        let graph = Graph { rows: vec![1.0, 2.0], base: vec![1.0, 2.0], classes: Vec::new() };
        assert!(graph.search().is_none());
        assert_eq!(graph.cost(&Tree::Join(Box::new(Tree::Leaf(0)), Box::new(Tree::Leaf(1)))), f64::INFINITY);
    }

    fn graphs() -> impl Strategy<Value = Graph> {
        (3_usize..14).prop_flat_map(|n| {
            let rows = prop::collection::vec(1.0..1e6_f64, n);
            let links = prop::collection::vec((0.0..1.0_f64, 1.0..1e6_f64), n - 1);
            (rows, links, prop::collection::vec((0..n, 0..n, 1.0..1e6_f64), 0..4)).prop_map(|(rows, links, more)| {
                // A tree, so that all are joined, and some edges beside.
                let tree = links
                    .into_iter()
                    .enumerate()
                    .map(|(ix, (at, domain))| class(&[(at * (ix + 1) as f64) as usize, ix + 1], domain));
                let more = more.into_iter().filter(|(a, b, _)| a != b).map(|(a, b, domain)| class(&[a, b], domain));
                Graph { base: rows.iter().map(|rows| rows * 3.0).collect(), rows, classes: tree.chain(more).collect() }
            })
        })
    }

    proptest! {
        /// Every relation stands in the order once, its cost is what it says, and with few relations none is cheaper
        /// than the exhaustive one: not that of the greedy search, nor the one of the query.
        #[test]
        fn orders_are_whole_and_cheap(graph in graphs()) {
            let (tree, cost) = graph.search().unwrap();
            let n = graph.rows.len();
            prop_assert_eq!(tree.set(), (1 << n) - 1);
            fn leaves(tree: &Tree) -> usize {
                match tree { Tree::Leaf(_) => 1, Tree::Join(a, b) => leaves(a) + leaves(b) }
            }
            prop_assert_eq!(leaves(&tree), n);
            prop_assert!((graph.cost(&tree) - cost).abs() <= cost * 1e-9);
            if n <= EXHAUSTIVE {
                let greedy = graph.greedy((0..n).map(|ix| graph.leaf(ix)).collect()).unwrap();
                prop_assert!(cost <= greedy.cost * (1.0 + 1e-9));
                let listed = (1..n).fold(Tree::Leaf(0), |tree, ix| Tree::Join(Box::new(tree), Box::new(Tree::Leaf(ix))));
                prop_assert!(cost <= graph.cost(&listed) * (1.0 + 1e-9));
            }
        }
    }
}
