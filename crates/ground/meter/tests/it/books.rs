//! Price books by date.

use doorstep_clock::{Clock as _, Timestamp};
use doorstep_meter::{Caps, MeterError, Month, PriceBook, Resource};
use doorstep_money::{Currency, FineMoney};

use crate::setting::Setting;

fn book(currency: &str, price: &str, from: Option<&str>) -> PriceBook {
    let from = from.map_or(String::new(), |from| format!("from = \"{from}\"\n"));
    PriceBook::read(&format!(
        "name = \"ours\"\ncurrency = \"{currency}\"\n{from}\
         speeds = [{{ name = \"standard\", cores = 2, priority = 5, factor = \"1\" }}]\n\
         [prices]\nquery_cpu = {{ price = \"{price}\" }}\n"
    ))
    .unwrap()
}

#[track_caller]
fn field(refused: Result<PriceBook, MeterError>) -> &'static str {
    match refused {
        Err(MeterError::Field { field, fix, .. }) if !fix.is_empty() => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_has_the_prices_of_its_day() {
    for s in Setting::each().await {
        let ledger = s.meter.ledger();
        // Nothing is charged yet, so the currency may change within the month: from its start.
        let put = ledger.put_book(book("CNY", "0.4", None), "admin").await.unwrap();
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!(put.starts_at, november.start());
        s.meter.record(s.usage("a", "main")).await.unwrap();
        s.meter.catch_up().await.unwrap();

        assert_eq!(field(ledger.put_book(book("USD", "0.4", None), "admin").await), "/currency");
        assert_eq!(field(ledger.put_book(book("CNY", "0.9", Some("2026-11-09T00:00:00Z")), "admin").await), "/from");
        ledger.put_book(book("CNY", "0.5", None), "admin").await.unwrap();
        ledger.put_book(book("CNY", "0.6", Some("2026-11-20T00:00:00Z")), "admin").await.unwrap();
        ledger.put_book(book("CNY", "0.7", Some("2026-11-20T00:00:00Z")), "admin").await.unwrap();
        ledger.put_book(book("EUR", "0.1", Some("2026-12-01T00:00:00Z")), "admin").await.unwrap();
        s.pass(1000);
        s.meter.record(s.usage("b", "main")).await.unwrap();
        s.pass(Timestamp::parse("2026-11-21T00:00:00Z").unwrap().ms_since(s.clock.now()));
        s.meter.record(s.usage("c", "main")).await.unwrap();
        s.pass(11 * 86_400_000);
        s.meter.record(s.usage("d", "main")).await.unwrap();
        s.meter.catch_up().await.unwrap();
        let bill = ledger.bill("main", november).await.unwrap();
        assert_eq!(bill.total, FineMoney::new(1_600_000_000, Currency::CNY));
        let bill = ledger.bill("main", november.next()).await.unwrap();
        assert_eq!(bill.total, FineMoney::new(100_000_000, Currency::EUR));
        let books = ledger.books().await.unwrap();
        assert_eq!(books.at(s.clock.now()).currency, Currency::EUR);
        let total =
            s.meter.estimate("main", "standard", &[(Resource::QueryCpu, 7_200_000)].into()).await.unwrap().total;
        assert_eq!(total, FineMoney::new(200_000_000, Currency::EUR));

        let euros = Caps { month: Some(FineMoney::new(5, Currency::CNY)), ..Caps::default() };
        assert!(matches!(ledger.put_caps("main", euros).await, Err(MeterError::Field { field: "/month", .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn free_usage_takes_on_a_new_currency() {
    for s in Setting::each().await {
        s.meter.count("main", "api", Resource::ApiRequests, 5);
        s.meter.catch_up().await.unwrap();
        s.meter.ledger().put_book(book("CNY", "0.4", None), "admin").await.unwrap();
        s.meter.record(s.usage("a", "main")).await.unwrap();
        s.meter.count("main", "api", Resource::ApiRequests, 5);
        s.meter.catch_up().await.unwrap();
        let bill = s.meter.ledger().bill("main", "2026-11".parse().unwrap()).await.unwrap();
        assert_eq!((bill.total, bill.lines.len()), (FineMoney::new(400_000_000, Currency::CNY), 2));
    }
}
