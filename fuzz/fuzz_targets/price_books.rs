//! A price book as TOML or JSON. What is taken reads back as the same book, and its charges add up.
#![no_main]

use doorstep_meter::{PriceBook, Resource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(book) = PriceBook::read(text) else { return };
    assert_eq!(PriceBook::from_json(&book.to_json()).expect("a book reads back"), book);
    for resource in Resource::ALL {
        for speed in &book.speeds {
            let charge = |before, quantity| book.charge(*resource, &speed.name, before, quantity);
            let (Ok(first), Ok(second), Ok(both)) = (charge(0, 1_234_567), charge(1_234_567, 7), charge(0, 1_234_574))
            else {
                continue;
            };
            assert!(first >= 0 && second >= 0 && first + second == both);
        }
    }
});
