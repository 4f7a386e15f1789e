//! HiveQL: any text is read or refused, and a query that is read can be rewritten and written down.
#![no_main]

use doorstep_hive::hiveql::{Asker, Statement, parse, rewrite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(Statement::Query(mut query)) => {
            if rewrite(&mut query, &Asker::default()).is_ok() {
                let _ = query.to_string();
            }
        }
        Ok(Statement::Insert(inserts)) => {
            for mut insert in inserts {
                let _ = rewrite(&mut insert.source, &Asker::default());
            }
        }
        _ => {}
    }
});
