//! Small made-up files of each format, and what is said about damaged ones.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::instance::Objective;

const LI_LIM: &str = "2 10 1\n0 0 0 0 0 100 0 0 0\n1 10 0 4 0 50 2 0 2\n2 20 0 -4 0 90 2 1 0\n";
const DARP: &str = "1 2 90 3 25\n0 0 0 0 0 0 100\n1 10 0 2 1 0 50\n2 20 0 2 -1 0 90\n";
const SARTORI: &str = "NAME: t\nSIZE: 3\nROUTE-TIME: 90\nCAPACITY: 5\nNODES\n0 0 0 0 0 90 0 0 0\n\
    1 0 0 4 0 50 2 0 2\n2 0 0 -4 0 90 2 1 0\nEDGES\n0 10 20\n10 0 9\n20 9 0\nEOF\n";
const ROADS: &str = "3\n0 1 100\n1 2 50\n2 0 30\n";

fn said(result: Result<Instance, FormatError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn each_format_is_read() {
    let li_lim = li_lim(LI_LIM).unwrap();
    assert_eq!((li_lim.fleets()[0].count, li_lim.objective()), (2, Objective::VehiclesThenCost));
    assert_eq!((li_lim.requests()[0].pickup, li_lim.requests()[0].delivery), (1, 2));
    let darp = darp(DARP).unwrap();
    assert_eq!((darp.requests()[0].max_ride, darp.fleets()[0].max_duration), (Some(25.0), Some(90.0)));
    let closed = super::darp(&format!("{DARP}3 0 0 0 0 0 100\n")).unwrap();
    assert_eq!(closed.stops().len(), 3, "the closing copy of the depot is dropped");
    assert_eq!(sartori(SARTORI).unwrap().cost(1, 2), 9.0);
    let hga = hga("1 0 1\n2 2 0\n", "7 1\n", ROADS, Limits::default()).unwrap();
    assert_eq!(hga.fleets()[0].id, 7);
    // 0 → 1 is 100 m, back over 2 is 80 m.
    assert_eq!(hga.cost(hga.requests()[0].pickup, hga.requests()[0].delivery), 90.0);
}

#[test]
fn damage_is_named_with_its_line() {
    assert!(said(li_lim("")).contains("lacks its first line"));
    assert!(said(li_lim(&LI_LIM.replace("50 2 0 2", "50 2 0 x"))).contains("line 3: `x`"));
    assert!(said(li_lim(&LI_LIM.replace("50 2 0 2", "50 2 0 7"))).contains("does not name it back"));
    assert!(said(li_lim(&LI_LIM.replace("2 20", "3 20"))).contains("should be 2"));
    assert!(said(li_lim(&LI_LIM.replace("50 2 0 2", "5 2 0 2"))).contains("request 1 to 2 cannot be served"));
    assert!(said(darp("1 2 90 3 25\n0 0 0 0 0 0 100\n1 10 0 2 1 0 50\n")).contains("its delivery"));
    assert!(said(darp(&format!("{DARP}3 1 0 0 0 0 100\n"))).contains("odd number of nodes"));
    assert!(said(darp(&DARP.replace("3 25", "3 5"))).contains("longest ride"));
    assert!(said(sartori(&SARTORI.replace("10 0 9", "10 9"))).contains("2 travel times; wanted 3"));
    assert!(said(sartori(&SARTORI.replace("SIZE: 3", "SIZE: 9e9"))).contains("line 2: SIZE"));
    assert!(said(hga("1 0 5\n", "7 1\n", ROADS, Limits::default())).contains("to is 5"));
    assert!(said(hga("1 0 1\n", "7 1\n", "1\n0 1 5\n", Limits::default())).contains("a way from node 1"));
}
