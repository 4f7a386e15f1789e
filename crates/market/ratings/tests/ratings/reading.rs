//! Tables: what is read, and what is refused with its line.

use doorstep_ratings::{Reviews, Settings, score};

fn refusal(text: &str) -> String {
    Reviews::read(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_table_is_read_whatever_the_order_of_its_columns() {
    let text = "stars,subject,note,rater,order,time\n5,D2,\"a, b\",R1,o1,1\n4.0,D1,,R2,o2,2.5\n";
    let reviews = Reviews::read(text.as_bytes()).unwrap();
    assert_eq!((reviews.rows.len(), reviews.raters.len(), reviews.subjects.len()), (2, 2, 2));
    assert_eq!(reviews.subjects.name(reviews.rows[0].subject), "D2");
    assert_eq!((reviews.rows[1].time, reviews.rows[1].stars), (2_500, 4));
    assert_eq!(reviews.subjects.find("D1"), Some(0), "numbers follow the alphabet");
}

#[test]
fn mistakes_name_their_line_and_the_fix() {
    let head = "time,order,rater,subject,stars\n";
    for (rows, wanted) in [
        ("1,o1,r1,s1,5\n2,o2,r2,s1,6\n", "line 3: stars is `6`; write a whole number from 1 to 5"),
        ("1,o1,r1,s1,4.5\n", "line 2: stars is `4.5`"),
        ("1,o1,r1,s1,\n", "line 2: stars is ``"),
        ("yesterday,o1,r1,s1,5\n", "line 2: time is `yesterday`; write a number"),
        ("NaN,o1,r1,s1,5\n", "line 2: time is `NaN`"),
        ("99999999999999999999999,o1,r1,s1,5\n", "line 2: time is"),
        ("1,o1,r1,s1,5\n2013-11-18T16:00:00Z,o2,r1,s1,5\n", "line 3: time is `2013-11-18T16:00:00Z`; write numbers"),
        ("1,,r1,s1,5\n", "line 2: order is ``; write a name"),
        ("1,o1,r1,s1\n", "line 2: 4 fields where the head has 5"),
    ] {
        let said = refusal(&format!("{head}{rows}"));
        assert!(said.starts_with(wanted), "{rows:?}: {said}");
    }
    assert!(refusal("time,order,rater,subject\n").contains("no column `stars`"));
    assert!(refusal("time,order,rater,subject,stars,stars\n").contains("`stars` twice"));
    assert!(refusal("").contains("no column `time`"));
    assert!(
        Reviews::read(&b"time,order,rater,subject,stars\n1,o,\xff,s,5\n"[..])
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn the_same_number_on_both_sides_is_one_person_only_where_an_order_shows_it() {
    let head = "time,order,rater,subject,stars\n";
    // Two counts from one: nobody wrote about each other.
    let counted = Reviews::read(format!("{head}1,o1,1,2,5\n2,o2,2,3,4\n").as_bytes()).unwrap();
    assert!(counted.market().twins.is_empty());
    let people = Reviews::read(format!("{head}1,o1,ann,bob,5\n2,o1,bob,ann,4\n").as_bytes()).unwrap();
    assert!(people.market().twins.iter().all(Option::is_some));
}

#[test]
fn rows_in_another_order_give_the_same_answer() {
    let rows: Vec<String> = (0..300)
        .map(|i| format!("{},o{i},r{},s{},{}\n", i * 7 % 301, i * 11 % 40, i * 13 % 17, 1 + i * 5 % 7 % 5))
        .collect();
    let table = |rows: &mut dyn Iterator<Item = &String>| {
        let mut text = "time,order,rater,subject,stars\n".to_owned();
        rows.for_each(|r| text.push_str(r));
        Reviews::read(text.as_bytes()).unwrap()
    };
    let (one, two) = (table(&mut rows.iter()), table(&mut rows.iter().rev()));
    let (first, second) = (score(&one.market(), &Settings::default()), score(&two.market(), &Settings::default()));
    assert_eq!(first.standings, second.standings);
    assert_eq!(first.discounts, second.discounts);
}
