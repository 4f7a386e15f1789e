//! Which rows of a built-in table are kept no longer: a pure function of its files and of time.
//!
//! Every clock is judged by itself. In a table whose rows tell a city's time, a city's rows are kept for so many days
//! before its own newest row, in each tenant: a city that drives through 2013 keeps its rows beside one on real time.
//! In a table of real time, rows are kept for so many days before now.

use std::collections::BTreeMap;

use crate::catalog::DataFile;

const DAY_MS: i64 = 86_400_000;

/// How a table's rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Days that rows are kept.
    pub(super) days: u32,
    /// Now, milliseconds, for a table of real time; none where each owner of rows has a clock of its own.
    pub(super) now: Option<i64>,
}

impl Rule {
    /// How much longer than asked a row may stay in a file beside younger ones, milliseconds: a tenth, and a day at
    /// least. A file is written again at most once in that time.
    pub(super) fn lag_ms(self) -> i64 {
        (i64::from(self.days) * DAY_MS / 10).max(DAY_MS)
    }

    fn before(self, newest: i64) -> i64 {
        self.now.unwrap_or(newest).saturating_sub(i64::from(self.days) * DAY_MS)
    }
}

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing in it is old, or not old enough to write the file again.
    Stays,
    /// All of it goes.
    Goes,
    /// Of these owners the rows before a moment go, milliseconds.
    Shrinks(BTreeMap<String, i64>),
}

/// The fates of one tenant's files of one table, in their order.
pub(super) fn judge(files: &[DataFile], rule: Rule) -> Vec<Fate> {
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    for (owner, (_, most)) in files.iter().flat_map(|file| &file.spans) {
        let known = newest.entry(owner).or_insert(*most);
        *known = (*known).max(*most);
    }
    // A file that does not say whose its rows are may hold anybody's: it waits for the slowest clock.
    let slowest = newest.values().min().copied().or_else(|| files.iter().filter_map(|f| f.span).map(|s| s.1).max());
    let fate = |file: &DataFile| {
        let Some((least, most)) = file.span else { return Fate::Stays };
        if file.spans.is_empty() {
            let Some(before) = slowest.map(|at| rule.before(at)) else { return Fate::Stays };
            return match () {
                () if most < before => Fate::Goes,
                // Without owners' clocks all rows are of one.
                () if rule.now.is_some() && overdue(least, before, rule) => {
                    Fate::Shrinks([(String::new(), before)].into())
                }
                () => Fate::Stays,
            };
        }
        let limits = file.spans.iter().filter_map(|(owner, span)| {
            let before = rule.before(*newest.get(owner.as_str())?);
            Some((owner, *span, before))
        });
        let limits: Vec<_> = limits.collect();
        if limits.iter().all(|(_, (_, most), before)| most < before) {
            Fate::Goes
        } else if limits.iter().any(|(_, (least, _), before)| overdue(*least, *before, rule)) {
            let old = limits.into_iter().filter(|(_, (least, _), before)| least < before);
            Fate::Shrinks(old.map(|(owner, _, before)| (owner.clone(), before)).collect())
        } else {
            Fate::Stays
        }
    };
    files.iter().map(fate).collect()
}

fn overdue(least: i64, before: i64, rule: Rule) -> bool {
    least < before.saturating_sub(rule.lag_ms())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REAL: i64 = 20_000 * DAY_MS;
    const OLD: i64 = 16_000 * DAY_MS;

    fn file(spans: &[(&str, i64, i64)]) -> DataFile {
        let spans: BTreeMap<String, (i64, i64)> =
            spans.iter().map(|(owner, least, most)| ((*owner).to_owned(), (*least, *most))).collect();
        let least = spans.values().map(|s| s.0).min();
        let span = least.zip(spans.values().map(|s| s.1).max());
        DataFile { path: String::new(), spec: String::new(), rows: 1, bytes: 1, span, spans }
    }

    fn without_owners(least: i64, most: i64) -> DataFile {
        DataFile { spans: BTreeMap::new(), ..file(&[("", least, most)]) }
    }

    #[test]
    fn a_city_of_another_year_keeps_its_rows_and_loses_its_own_old_ones() {
        let rule = Rule { days: 90, now: None };
        let files = [
            file(&[("porto", OLD, OLD + DAY_MS)]),
            file(&[("lisbon", REAL, REAL + DAY_MS)]),
            file(&[("porto", OLD - 200 * DAY_MS, OLD - 100 * DAY_MS)]),
            file(&[("lisbon", REAL - 200 * DAY_MS, REAL - 100 * DAY_MS)]),
            file(&[("lisbon", REAL - 200 * DAY_MS, REAL - 10 * DAY_MS)]),
        ];
        let before = REAL + DAY_MS - 90 * DAY_MS;
        let shrinks = Fate::Shrinks([("lisbon".to_owned(), before)].into());
        assert_eq!(judge(&files, rule), [Fate::Stays, Fate::Stays, Fate::Goes, Fate::Goes, shrinks]);
    }

    #[test]
    fn a_file_of_two_cities_loses_the_rows_of_one() {
        let rule = Rule { days: 10, now: None };
        let both = file(&[("porto", OLD - 20 * DAY_MS, OLD), ("lisbon", REAL, REAL)]);
        let shrinks = Fate::Shrinks([("porto".to_owned(), OLD - 10 * DAY_MS)].into());
        assert_eq!(judge(&[both], rule), [shrinks]);
    }

    #[test]
    fn a_table_of_real_time_is_judged_by_now() {
        let rule = Rule { days: 30, now: Some(REAL) };
        let files = [
            without_owners(REAL - 60 * DAY_MS, REAL - 31 * DAY_MS),
            without_owners(REAL - 32 * DAY_MS, REAL - 29 * DAY_MS),
            without_owners(REAL - 34 * DAY_MS, REAL - 29 * DAY_MS),
        ];
        let shrinks = Fate::Shrinks([(String::new(), REAL - 30 * DAY_MS)].into());
        assert_eq!(judge(&files, rule), [Fate::Goes, Fate::Stays, shrinks], "three days are a tenth of thirty");
    }

    #[test]
    fn a_file_that_names_no_owner_waits_for_the_slowest_clock() {
        let rule = Rule { days: 10, now: None };
        let unknown = without_owners(OLD - 5 * DAY_MS, OLD - 5 * DAY_MS);
        let files = [unknown.clone(), file(&[("porto", OLD, OLD)]), file(&[("lisbon", REAL, REAL)])];
        assert_eq!(judge(&files, rule)[0], Fate::Stays);
        let later = [unknown, file(&[("porto", OLD + 6 * DAY_MS, OLD + 6 * DAY_MS)])];
        assert_eq!(judge(&later, rule)[0], Fate::Goes);
        assert_eq!(judge(&[DataFile { span: None, ..without_owners(0, 0) }], rule), [Fate::Stays]);
    }

    proptest! {
        /// No row within the days goes, and none stays that is older than the days and the lag.
        #[test]
        fn neither_too_early_nor_too_late(
            rows in prop::collection::vec(prop::collection::vec((0_usize..3, 0_i64..400), 1..6), 1..12),
            days in 1_u32..120,
        ) {
            let owners = ["a", "b", "c"];
            let files: Vec<DataFile> = rows.iter().map(|rows| {
                let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
                for (owner, day) in rows {
                    let at = *day * DAY_MS;
                    let span = spans.entry(owners[*owner]).or_insert((at, at));
                    *span = (span.0.min(at), span.1.max(at));
                }
                file(&spans.iter().map(|(owner, (a, b))| (*owner, *a, *b)).collect::<Vec<_>>())
            }).collect();
            let rule = Rule { days, now: None };
            let fates = judge(&files, rule);
            let newest = |owner: usize| rows.iter().flatten().filter(|r| r.0 == owner).map(|r| r.1).max().unwrap_or(0);
            for (rows, fate) in rows.iter().zip(&fates) {
                for (owner, day) in rows {
                    let at = *day * DAY_MS;
                    let before = (newest(*owner) - i64::from(days)) * DAY_MS;
                    let goes = match fate {
                        Fate::Stays => false,
                        Fate::Goes => true,
                        Fate::Shrinks(limits) => limits.get(owners[*owner]).is_some_and(|limit| at < *limit),
                    };
                    prop_assert!(!goes || at < before, "a young row goes");
                    prop_assert!(goes || at >= before - rule.lag_ms(), "an old row stays");
                }
            }
        }
    }
}
