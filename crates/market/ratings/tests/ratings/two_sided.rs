//! Reviews of both sides in every store that is there: hidden until both wrote, appealed, moderated, blocked,
//! and what follows for their subjects.

use doorstep_clock::Timestamp;
use doorstep_ratings::{
    CompletedOrder, MIGRATIONS, Moderation, OrderReview, Ratings, RatingsError, Rules, Side, Status, Words, stream,
};
use doorstep_store::{Store, outbox, testing};

const TENANT: &str = "ten_main";
const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);
const DAY: i64 = 86_400_000;

fn order(id: &str, rider: &str, driver: &str) -> CompletedOrder {
    CompletedOrder {
        id: id.to_owned(),
        city: "manhattan".to_owned(),
        rider: rider.to_owned(),
        driver: driver.to_owned(),
        completed_at: NOON,
    }
}

fn words(stars: u8) -> Words {
    Words {
        stars,
        dimensions: std::collections::BTreeMap::new(),
        comment: Some("said aloud".to_owned()),
        private: Some("said in private".to_owned()),
    }
}

struct Desk {
    store: Store,
    ratings: Ratings,
}

fn desks() -> Vec<Desk> {
    let open = |store| Desk { store, ratings: Ratings::new(Rules::default()) };
    testing::stores(MIGRATIONS).into_iter().map(open).collect()
}

impl Desk {
    fn write(
        &self,
        order: &CompletedOrder,
        side: Side,
        words: Words,
        now: Timestamp,
    ) -> Result<OrderReview, RatingsError> {
        let (ratings, order) = (self.ratings.clone(), order.clone());
        self.store.write_blocking(move |tx| ratings.write_in(tx, TENANT, &order, side, &words, now))
    }

    fn seen(&self, id: &str, viewer: Option<Side>, now: Timestamp) -> Vec<(Side, u8, Option<String>)> {
        let (ratings, id) = (self.ratings.clone(), id.to_owned());
        let all = self.store.read_blocking(move |tx| ratings.of_order_in(tx, TENANT, &id, viewer, now)).unwrap();
        all.into_iter().map(|r| (r.side, r.words.stars, r.words.private)).collect()
    }

    fn moderate(&self, id: &str, side: Side, to: Moderation, reason: &str) -> Result<OrderReview, RatingsError> {
        let (ratings, id, reason) = (self.ratings.clone(), id.to_owned(), reason.to_owned());
        self.store.write_blocking(move |tx| match to {
            Moderation::UnderAppeal => ratings.appeal_in(tx, TENANT, &id, side, &reason, NOON),
            _ => ratings.moderate_in(tx, TENANT, &id, side, to, &reason, NOON),
        })
    }
}

#[test]
fn nobody_sees_the_other_side_before_he_wrote() {
    for desk in desks() {
        let ride = order("ord_1", "ann", "bob");
        let private = Some("said in private".to_owned());
        desk.write(&ride, Side::Rider, words(2), NOON.plus_ms(1)).unwrap();
        assert_eq!(desk.seen("ord_1", Some(Side::Driver), NOON.plus_ms(2)), []);
        assert_eq!(desk.seen("ord_1", Some(Side::Rider), NOON.plus_ms(2)), [(Side::Rider, 2, private.clone())]);
        // Unseen, it may be changed.
        let changed = desk.write(&ride, Side::Rider, words(3), NOON.plus_ms(3)).unwrap();
        assert_eq!((changed.version, changed.written_at), (2, NOON.plus_ms(1)));
        desk.write(&ride, Side::Driver, words(5), NOON.plus_ms(4)).unwrap();
        let by_driver = desk.seen("ord_1", Some(Side::Driver), NOON.plus_ms(5));
        assert_eq!(by_driver, [(Side::Rider, 3, None), (Side::Driver, 5, private.clone())]);
        assert!(desk.seen("ord_1", None, NOON).iter().all(|r| r.2.is_some()), "the operator reads private words");
        for side in Side::ALL {
            let again = desk.write(&ride, side, words(1), NOON.plus_ms(6));
            assert!(matches!(again, Err(RatingsError::Revealed { .. })), "{again:?}");
        }
        assert_eq!(desk.seen("ord_1", Some(Side::Driver), NOON.plus_ms(7)), by_driver);
    }
}

#[test]
fn the_window_closes_and_reveals() {
    for desk in desks() {
        let ride = order("ord_2", "ann", "bob");
        desk.write(&ride, Side::Rider, words(4), NOON).unwrap();
        let (last, over) = (NOON.plus_ms(14 * DAY - 1), NOON.plus_ms(14 * DAY));
        assert_eq!(desk.seen("ord_2", Some(Side::Driver), last), []);
        assert_eq!(desk.seen("ord_2", Some(Side::Driver), over), [(Side::Rider, 4, None)]);
        let late = desk.write(&ride, Side::Driver, words(1), over).unwrap_err();
        assert!(matches!(late, RatingsError::Closed { closed_at, .. } if closed_at == over), "{late}");
        let late = desk.write(&ride, Side::Rider, words(1), over).unwrap_err();
        assert!(matches!(late, RatingsError::Revealed { .. }), "{late}");
    }
}

#[test]
fn words_must_fit_the_rules() {
    for desk in desks() {
        let ride = order("ord_3", "ann", "bob");
        let field = |words: Words, side: Side| match desk.write(&ride, side, words, NOON).unwrap_err() {
            RatingsError::InvalidField { field, .. } => field,
            other => panic!("{other}"),
        };
        assert_eq!(field(words(0), Side::Rider), "/stars");
        assert_eq!(field(words(6), Side::Rider), "/stars");
        let with = |name: &str, stars: u8| Words { dimensions: [(name.to_owned(), stars)].into(), ..words(4) };
        assert_eq!(field(with("punctuality", 4), Side::Rider), "/dimensions/punctuality");
        assert_eq!(field(with("safety", 9), Side::Rider), "/dimensions/safety");
        assert_eq!(field(Words { comment: Some("x".repeat(2_001)), ..words(4) }, Side::Rider), "/comment");
        desk.write(&ride, Side::Rider, with("safety", 5), NOON).unwrap();
        desk.write(&ride, Side::Driver, with("punctuality", 4), NOON).unwrap();
    }
}

#[test]
fn appeal_and_moderation_follow_their_table_with_reasons() {
    for desk in desks() {
        let ride = order("ord_4", "ann", "bob");
        desk.write(&ride, Side::Rider, words(1), NOON).unwrap();
        let early = desk.moderate("ord_4", Side::Rider, Moderation::UnderAppeal, "not seen yet").unwrap_err();
        assert!(matches!(early, RatingsError::NotFound { .. }), "an unseen review tells nothing: {early}");
        desk.write(&ride, Side::Driver, words(5), NOON).unwrap();
        let unsaid = desk.moderate("ord_4", Side::Rider, Moderation::UnderAppeal, "  ").unwrap_err();
        assert!(matches!(unsaid, RatingsError::InvalidField { .. }), "{unsaid}");
        desk.moderate("ord_4", Side::Rider, Moderation::UnderAppeal, "he was never there").unwrap();
        assert_eq!(desk.seen("ord_4", Some(Side::Driver), NOON).len(), 2, "under appeal it stays in sight");
        let kept = desk.moderate("ord_4", Side::Rider, Moderation::Visible, "he was there").unwrap();
        assert_eq!(kept.steps.len(), 2);
        let again = desk.moderate("ord_4", Side::Rider, Moderation::UnderAppeal, "once more").unwrap_err();
        assert!(matches!(again, RatingsError::Illegal { .. }), "one appeal: {again}");
        desk.moderate("ord_4", Side::Rider, Moderation::Hidden, "looked at").unwrap();
        assert_eq!(desk.seen("ord_4", Some(Side::Driver), NOON).len(), 1);
        assert_eq!(desk.seen("ord_4", Some(Side::Rider), NOON).len(), 2, "its author sees it");
        desk.moderate("ord_4", Side::Rider, Moderation::Removed, "an insult").unwrap();
        for to in [Moderation::Visible, Moderation::Hidden, Moderation::Removed] {
            let refused = desk.moderate("ord_4", Side::Rider, to, "no").unwrap_err();
            assert!(refused.to_string().contains("for good"), "{refused}");
        }
    }
}

#[test]
fn a_block_holds_for_both_until_its_author_takes_it_back() {
    for desk in desks() {
        let ride = order("ord_5", "ann", "bob");
        let ratings = desk.ratings.clone();
        desk.store
            .write_blocking(move |tx| {
                for by in [Side::Rider, Side::Driver, Side::Rider] {
                    ratings.block_in(tx, TENANT, &ride, by, NOON)?;
                }
                assert_eq!(ratings.blocked_in(tx, TENANT, Side::Rider, "ann")?, ["bob"]);
                assert_eq!(ratings.blocked_in(tx, TENANT, Side::Driver, "bob")?, ["ann"]);
                assert!(ratings.unblock_in(tx, TENANT, "ann", "bob", Side::Rider)?);
                assert_eq!(ratings.blocked_in(tx, TENANT, Side::Rider, "ann")?, ["bob"], "his wish stays");
                assert!(ratings.unblock_in(tx, TENANT, "ann", "bob", Side::Driver)?);
                assert!(!ratings.unblock_in(tx, TENANT, "ann", "bob", Side::Driver)?);
                assert!(ratings.blocked_in(tx, TENANT, Side::Rider, "ann")?.is_empty());
                assert!(ratings.blocked_in(tx, "another", Side::Rider, "ann")?.is_empty());
                Ok::<_, RatingsError>(())
            })
            .unwrap();
    }
}

#[test]
fn somebody_is_warned_first_and_only_revealed_reviews_count() {
    for desk in desks() {
        // Thirty riders; bob is bad, two others good.
        for i in 0..30 {
            for (driver, stars) in [("bob", 1 + i % 3), ("cleo", 4 + i % 2), ("dora", 5)] {
                let ride = order(&format!("ord_{driver}_{i}"), &format!("rider{i}"), driver);
                desk.write(&ride, Side::Rider, words(stars), NOON).unwrap();
            }
        }
        let assess = |now: Timestamp| {
            let ratings = desk.ratings.clone();
            desk.store.write_blocking(move |tx| ratings.assess_in(tx, TENANT, Side::Driver, now)).unwrap()
        };
        assert!(assess(NOON.plus_ms(DAY)).is_empty(), "nothing is revealed yet");
        let first = assess(NOON.plus_ms(14 * DAY));
        assert_eq!(
            first.iter().map(|(who, r)| (who.as_str(), r.status)).collect::<Vec<_>>(),
            [("bob", Status::Warned)]
        );
        assert!(first[0].1.reasons.iter().any(|r| r.contains("below 4.30")), "{:?}", first[0].1.reasons);
        assert!(assess(NOON.plus_ms(27 * DAY)).is_empty(), "warned is warned");
        let last = assess(NOON.plus_ms(28 * DAY));
        assert_eq!(last[0].1.status, Status::EndDue, "{last:?}");
        assert!(last[0].1.reasons.iter().any(|r| r.starts_with("warned at ")), "{last:?}");
        let ratings = desk.ratings.clone();
        let about = desk.store.read_blocking(move |tx| {
            let now = NOON.plus_ms(28 * DAY);
            let page = ratings.about_in(tx, TENANT, (Side::Driver, "bob"), now, None, 20)?;
            let rest = ratings.about_in(tx, TENANT, (Side::Driver, "bob"), now, page.1.as_deref(), 20)?;
            let cleo = ratings.reputation_in(tx, TENANT, (Side::Driver, "cleo"), now)?;
            let nobody = ratings.reputation_in(tx, TENANT, (Side::Driver, "nobody"), now)?;
            Ok::<_, RatingsError>((page.0.len(), rest.0.len(), rest.1, cleo, nobody))
        });
        let (page, rest, end, cleo, nobody) = about.unwrap();
        assert_eq!((page, rest, end), (20, 10, None));
        assert_eq!((cleo.status, cleo.standing.reviews, nobody.standing.reviews), (Status::Good, 30, 0));
        assert!(cleo.standing.lower > last[0].1.standing.score);
    }
}

#[test]
fn events_tell_without_telling_too_much() {
    for desk in desks() {
        let ride = order("ord_7", "ann", "bob");
        desk.write(&ride, Side::Rider, words(2), NOON).unwrap();
        desk.write(&ride, Side::Driver, words(5), NOON).unwrap();
        let rows = desk.store.read_blocking(|tx| outbox::take_stream(tx, &stream("manhattan"), 100));
        let rows = rows.unwrap();
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(kinds, ["review_written", "review_written", "review_revealed"]);
        assert!(rows.iter().all(|row| !row.payload.to_string().contains("said")), "no words in the stream");
    }
}

#[test]
fn rules_tell_all_their_mistakes_at_once() {
    assert!(Rules::default().mistakes().is_empty());
    let mut rules =
        Rules { window_days: 0, of_drivers: vec!["safety".to_owned(), "safety".to_owned()], ..Rules::default() };
    rules.drivers.end_below = 4.9;
    rules.riders.least_reviews = 0;
    let mistakes = rules.mistakes();
    assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    assert!(mistakes[0].starts_with("window_days is 0"));
}
