//! The tables that are there without any set-up. A new producer adds its description here.

use doorstep_journal::table::{
    ColumnKind::{Flag, Int, Json, Real, Text, Time},
    ColumnSpec, Source, TableSpec, column,
};

/// Streams of rows that this process tells itself.
pub(crate) const QUOTES: &str = "facts.quotes";
pub(crate) const POSITIONS: &str = "facts.positions";
pub(crate) const SUPPLY: &str = "facts.supply";
pub(crate) const REQUESTS: &str = "facts.requests";
pub(crate) const OBJECT_REQUESTS: &str = "facts.object_requests";
pub(crate) const QUERIES: &str = "facts.queries";

const AT: ColumnSpec = ColumnSpec { name: "at", kind: Time, from: Source::At, about: "When, by the city's clock." };
const WALL: ColumnSpec = ColumnSpec { name: "at", kind: Time, from: Source::At, about: "When, by the wall clock." };

/// Every table.
pub(crate) const TABLES: &[&TableSpec] = &[
    &TableSpec {
        name: "order_events",
        about: "One change of one order, with the order as it was after it.",
        streams: "orders.",
        kinds: &[],
        columns: &[
            AT,
            ColumnSpec { name: "city", kind: Text, from: Source::Stream, about: "City id." },
            ColumnSpec {
                name: "kind", kind: Text, from: Source::Kind, about: "What happened: requested, offered, …"
            },
            ColumnSpec { name: "order_id", kind: Text, from: Source::Key, about: "Which order." },
            ColumnSpec { name: "seq", kind: Int, from: Source::Seq, about: "Its place in the city's stream." },
            column("version", Int, "/version", "The order's version after it."),
            column("actor", Text, "/actor", "Who did it."),
            column("reason", Text, "/reason", "Why, where a reason was given."),
            column("state", Text, "/order/state", "The order's state after it."),
            column("driver_id", Text, "/driver", "The driver it concerns."),
            column("rider_ref", Text, "/order/rider/ref", "The caller's own id of the rider."),
            column("pickup_lat", Real, "/order/pickup/lat", "Pickup, degrees."),
            column("pickup_lon", Real, "/order/pickup/lon", "Pickup, degrees."),
            column("dropoff_lat", Real, "/order/dropoff/lat", "Drop-off, degrees."),
            column("dropoff_lon", Real, "/order/dropoff/lon", "Drop-off, degrees."),
            column("seats", Int, "/order/seats", "Seats."),
            column("fare_minor", Int, "/order/fare/minor", "The quoted price, in minor units."),
            column("currency", Text, "/order/fare/currency", "Of the price."),
            column("quote_id", Text, "/order/quote_id", "The quote it was made from."),
            column("requested_at", Time, "/order/requested_at", "When the order was made."),
            column("accepted_at", Time, "/order/accepted_at", "When the driver took it."),
            column("arrived_at", Time, "/order/arrived_at", "When the driver was at the pickup."),
            column("picked_up_at", Time, "/order/picked_up_at", "When the rider was aboard."),
            column("completed_at", Time, "/order/completed_at", "When the rider was dropped off."),
            column("cancelled_by", Text, "/order/cancelled/by", "Who called it off."),
            column("pickup_eta_s", Real, "/order/pickup_eta_s", "Estimated drive to the pickup, seconds."),
            column("wait_s", Real, "/order/wait_s", "From request to pickup, seconds."),
            column("delay_s", Real, "/order/delay_s", "Later than by a direct trip at once, seconds."),
            column("direct_s", Real, "/order/direct_s", "The direct trip, seconds."),
            column("reassigned", Int, "/order/reassigned", "How often it left a driver who had accepted."),
        ],
        time: "at",
        keep_days: None,
        clock: Some("city"),
    },
    &TableSpec {
        name: "review_events",
        about: "One change of one review. Its stars are there once both sides wrote.",
        streams: "reviews.",
        kinds: &[],
        columns: &[
            AT,
            ColumnSpec { name: "city", kind: Text, from: Source::Stream, about: "City id." },
            ColumnSpec { name: "kind", kind: Text, from: Source::Kind, about: "What happened." },
            ColumnSpec { name: "order_id", kind: Text, from: Source::Key, about: "After which order." },
            column("side", Text, "/side", "Whose review: rider or driver."),
            column("author", Text, "/author", "Who wrote it."),
            column("subject", Text, "/subject", "Who it is about."),
            column("stars", Int, "/stars", "One to five, once both sides wrote."),
            column("moderation", Text, "/moderation", "What was decided about it."),
            column("both_wrote", Flag, "/both_wrote", "Whether the other side wrote too."),
            column("version", Int, "/version", "Counts changes, from 1."),
        ],
        time: "at",
        keep_days: None,
        clock: Some("city"),
    },
    &TableSpec {
        name: "quotes",
        about: "A price that was told, with every part of it.",
        streams: QUOTES,
        kinds: &[],
        columns: &[
            AT,
            ColumnSpec { name: "quote_id", kind: Text, from: Source::Key, about: "Id of the quote." },
            column("city", Text, "/city", "City id."),
            column("pickup_lat", Real, "/pickup/lat", "Pickup, degrees."),
            column("pickup_lon", Real, "/pickup/lon", "Pickup, degrees."),
            column("dropoff_lat", Real, "/dropoff/lat", "Drop-off, degrees."),
            column("dropoff_lon", Real, "/dropoff/lon", "Drop-off, degrees."),
            column("seats", Int, "/seats", "Seats."),
            column("fare_minor", Int, "/fare/minor", "The price, in minor units."),
            column("currency", Text, "/fare/currency", "Of the price."),
            column("base_minor", Int, "/minor/base", "Of it for stepping in."),
            column("distance_minor", Int, "/minor/distance", "Of it for metres."),
            column("time_minor", Int, "/minor/time", "Of it for seconds."),
            column("minimum_minor", Int, "/minor/minimum", "Of it the step up to the minimum."),
            column("booking_minor", Int, "/minor/booking", "Of it for the booking."),
            column("surge_minor", Int, "/minor/surge", "Of it for scarce cars."),
            column("parts", Json, "/parts", "All parts, as JSON."),
            column(
                "pickup_eta_s",
                Real,
                "/pickup_eta_s",
                "Estimated drive to the pickup, seconds; null without a car.",
            ),
            column("trip_s", Real, "/trip_s", "The direct trip, seconds."),
            column("distance_m", Int, "/distance_m", "The direct trip, metres."),
            column("expires_at", Time, "/expires_at", "The promise held until then."),
        ],
        time: "at",
        keep_days: Some(400),
        clock: Some("city"),
    },
    &TableSpec {
        name: "positions",
        about: "Where a driver was; a sample every quarter of a minute.",
        streams: POSITIONS,
        kinds: &[],
        columns: &[
            AT,
            ColumnSpec { name: "driver_id", kind: Text, from: Source::Key, about: "Which driver." },
            column("city", Text, "/city", "City id."),
            column("lat", Real, "/lat", "Degrees."),
            column("lon", Real, "/lon", "Degrees."),
            column("bearing_deg", Real, "/bearing_deg", "Heading from north, degrees."),
            column("state", Text, "/state", "idle, offered, en_route, arrived, on_trip or break."),
        ],
        time: "at",
        keep_days: Some(90),
        clock: Some("city"),
    },
    &TableSpec {
        name: "supply_states",
        about: "How many drivers and riders there were; a sample every quarter of a minute.",
        streams: SUPPLY,
        kinds: &[],
        columns: &[
            AT,
            ColumnSpec { name: "city", kind: Text, from: Source::Key, about: "City id." },
            column("drivers_online", Int, "/drivers_online", "Heard of and on shift."),
            column("drivers_idle", Int, "/drivers_idle", "Of them free."),
            column("drivers_busy", Int, "/drivers_busy", "Of them with an order."),
            column("waiting", Int, "/waiting", "Riders not picked up yet."),
            column("requests", Int, "/requests", "Orders ever made."),
            column("served", Int, "/served", "Completed, ever."),
            column("lost", Int, "/lost", "Without a driver, ever."),
            column("cancelled", Int, "/cancelled", "Called off, ever."),
            column("mean_wait_s", Real, "/mean_wait_s", "From request to pickup, over all, seconds."),
            column("orders_per_s", Real, "/orders_per_s", "Orders a second of wall time, over ten seconds."),
            column("positions_per_s", Real, "/positions_per_s", "Positions a second of wall time, over ten seconds."),
        ],
        time: "at",
        keep_days: Some(400),
        clock: Some("city"),
    },
    &TableSpec {
        name: "access_log",
        about: "A request to the API. Those without a good key are the main tenant's.",
        streams: REQUESTS,
        kinds: &[],
        columns: &[
            WALL,
            ColumnSpec { name: "request_id", kind: Text, from: Source::Key, about: "Its X-Request-Id." },
            column("key_id", Text, "/key", "Whose key."),
            column("method", Text, "/method", "GET, POST, …"),
            column("route", Text, "/route", "The endpoint's pattern."),
            column("path", Text, "/path", "The path asked for."),
            column("status", Int, "/status", "HTTP status."),
            column("code", Text, "/code", "The problem's code, if it is one."),
            column("ms", Real, "/ms", "Until the answer's head, milliseconds."),
        ],
        time: "at",
        keep_days: Some(90),
        clock: None,
    },
    &TableSpec {
        name: "object_requests",
        about: "A request that reached a bucket, by whichever protocol; the bucket's owner sees it.",
        streams: OBJECT_REQUESTS,
        kinds: &[],
        columns: &[
            WALL,
            ColumnSpec { name: "request_id", kind: Text, from: Source::Key, about: "The id that the caller was told." },
            column("bucket", Text, "/bucket", "The bucket."),
            column("key", Text, "/key", "The object's name, if it was about one."),
            column("operation", Text, "/operation", "As its protocol calls it: GetObject, PutFile, GetPicture, …"),
            column("method", Text, "/method", "GET, POST, …"),
            column("status", Int, "/status", "HTTP status."),
            column("let_in", Flag, "/let_in", "Whether the bucket's rules let it through."),
            column("bytes_sent", Int, "/sent", "Bytes of the answer's body that were taken."),
            column("bytes_received", Int, "/received", "Bytes of the request's body, as it said."),
            column("byte_range", Text, "/range", "The range asked for."),
            column("cache", Text, "/cache", "HIT or MISS for a picture."),
            column("head_ms", Real, "/head_ms", "Until the answer's head, milliseconds."),
            column("ms", Real, "/ms", "Until its last byte was taken, milliseconds."),
            column("by_tenant", Text, "/by_tenant", "Whose key; null without one."),
            column("by_key", Text, "/by_key", "Which key; null without one."),
            column("remote_ip", Text, "/remote", "Where it came from."),
            column("user_agent", Text, "/agent", "What the client calls itself."),
            column("referer", Text, "/referer", "The page it was for, without its query."),
        ],
        time: "at",
        keep_days: Some(90),
        clock: None,
    },
    &TableSpec {
        name: "queries",
        about: "A statement that was run here, with what it took.",
        streams: QUERIES,
        kinds: &[],
        columns: &[
            WALL,
            ColumnSpec { name: "query_id", kind: Text, from: Source::Key, about: "Its id." },
            column("key_id", Text, "/key", "Whose key."),
            column("statement", Text, "/statement", "What was asked."),
            column("state", Text, "/state", "done, failed or cancelled."),
            column("error", Text, "/error", "Why it failed."),
            column("plan", Text, "/plan", "How it was carried out."),
            column("queued_ms", Int, "/statistics/queued_ms", "Waiting for a place."),
            column("wall_ms", Int, "/statistics/wall_ms", "From its start to its last row."),
            column("cpu_ms", Int, "/statistics/cpu_ms", "CPU on all of its threads."),
            column("bytes_scanned", Int, "/statistics/bytes_scanned", "Bytes read from files."),
            column("peak_memory", Int, "/statistics/peak_memory", "The most memory it held, bytes."),
            column("spilled_bytes", Int, "/statistics/spilled_bytes", "Bytes spilled to disk."),
            column("rows", Int, "/statistics/rows", "Rows of its answer."),
            column(
                "misfits",
                Int,
                "/statistics/misfits",
                "Texts in delimited files that did not fit their type: null.",
            ),
            column("memory_mib_ms", Int, "/statistics/memory_mib_ms", "Memory over time, MiB times milliseconds."),
            column("cost", Text, "/statistics/cost/amount", "What it cost, as a decimal; null if it failed."),
            column("currency", Text, "/statistics/cost/currency", "Of the cost."),
        ],
        time: "at",
        keep_days: Some(90),
        clock: None,
    },
];

/// Read where the objects are, see [`inventory`](super::inventory).
pub(crate) const INVENTORY: TableSpec = TableSpec {
    name: "object_inventory",
    about: "A version of an object, or a mark that it was deleted, as it is now.",
    streams: "",
    kinds: &[],
    columns: &[
        ColumnSpec { name: "modified", kind: Time, from: Source::At, about: "When it was written." },
        column("bucket", Text, "/bucket", "Its bucket."),
        ColumnSpec { name: "key", kind: Text, from: Source::Key, about: "Its name in the bucket." },
        column("version_id", Text, "/version", "This version's id; null as text where none are kept."),
        column("is_latest", Flag, "/latest", "Whether it is what a reader gets."),
        column("is_delete_marker", Flag, "/marker", "Whether it says that the object was deleted."),
        column("size", Int, "/size", "Bytes."),
        column("etag", Text, "/etag", "S3's ETag."),
        column("storage_class", Text, "/class", "standard, infrequent or archive."),
        column("content_type", Text, "/headers/content_type", "Its media type."),
        column("parts", Int, "/parts", "Parts of a multipart upload; 0 if it came at once."),
        column("tags", Json, "/tags", "Its tags, as JSON."),
        column("user_metadata", Json, "/user", "Its owner's own headers, as JSON."),
        column("locked_until", Time, "/locked_until", "Cannot be deleted before."),
        column("legal_hold", Flag, "/legal_hold", "Cannot be deleted while true."),
    ],
    time: "modified",
    keep_days: None,
    clock: None,
};

/// Read from the meter's accounts, see [`usage`](super::usage).
pub(crate) const USAGE: TableSpec = TableSpec {
    name: "usage",
    about: "Something that was used, with what it cost: a record of the bill.",
    streams: "",
    kinds: &[],
    columns: &[
        WALL,
        ColumnSpec {
            name: "record_id", kind: Text, from: Source::Key, about: "Whose record: a query's id, or hour/…"
        },
        column("resource", Text, "/resource", "What was used: query_cpu, storage, egress, …"),
        column("quantity", Int, "/quantity", "How much, in the unit."),
        column("unit", Text, "/unit", "What the quantity counts."),
        column("cost_nanos", Int, "/nanos", "What it cost, in billionths of the currency."),
        column("currency", Text, "/currency", "Of the cost."),
        column("source", Text, "/source", "What it was about: a query, a bucket, …"),
        column("key_id", Text, "/key", "Whose key."),
        column("speed", Text, "/speed", "At which speed."),
        column("outcome", Text, "/outcome", "done, cancelled or failed; what failed is free."),
    ],
    time: "at",
    keep_days: None,
    clock: None,
};

/// Name, what a row is, and query of the views over them.
pub(crate) const VIEWS: &[(&str, &str, &str)] = &[
    (
        "orders",
        "An order as it is now.",
        "SELECT tenant, order_id, city, state, version, at AS changed_at, driver_id, rider_ref, pickup_lat, pickup_lon, \
         dropoff_lat, dropoff_lon, seats, fare_minor, currency, quote_id, requested_at, accepted_at, arrived_at, \
         picked_up_at, completed_at, cancelled_by, pickup_eta_s, wait_s, delay_s, direct_s, reassigned \
         FROM (SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY version DESC) AS newest FROM order_events) \
         WHERE newest = 1",
    ),
    (
        "rides",
        "A ride that was completed.",
        "SELECT tenant, order_id, city, driver_id, rider_ref, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, seats, \
         fare_minor, currency, quote_id, requested_at, accepted_at, arrived_at, picked_up_at, completed_at, wait_s, \
         delay_s, direct_s, reassigned FROM order_events WHERE kind = 'completed'",
    ),
    (
        "reviews",
        "A review as it is now.",
        "SELECT tenant, order_id, city, side, author, subject, stars, moderation, both_wrote, version, at AS changed_at \
         FROM (SELECT *, row_number() OVER (PARTITION BY order_id, side ORDER BY version DESC) AS newest \
         FROM review_events) WHERE newest = 1",
    ),
];
