//! Tables of orders. One text for both stores.

use doorstep_store::Migration;

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[
    Migration::same(
        "orders/0001_orders",
        "CREATE TABLE orders (
            id TEXT PRIMARY KEY,
            tenant TEXT NOT NULL,
            city TEXT NOT NULL,
            state TEXT NOT NULL,
            open BIGINT NOT NULL,
            version BIGINT NOT NULL,
            quote_id TEXT NOT NULL UNIQUE,
            driver TEXT,
            rider_ref TEXT,
            wait_ms BIGINT,
            delay_ms BIGINT,
            body TEXT NOT NULL
        );
        CREATE INDEX orders_open ON orders (city) WHERE open = 1;
        CREATE INDEX orders_by_city ON orders (city, id);
        CREATE INDEX orders_by_driver ON orders (driver, id) WHERE driver IS NOT NULL;
        CREATE INDEX orders_by_rider ON orders (rider_ref, id) WHERE rider_ref IS NOT NULL;
        CREATE TABLE order_events (
            order_id TEXT NOT NULL,
            version BIGINT NOT NULL,
            kind TEXT NOT NULL,
            at BIGINT NOT NULL,
            driver TEXT,
            body TEXT NOT NULL,
            PRIMARY KEY (order_id, version)
        );
        CREATE INDEX order_events_by_driver ON order_events (driver, at) WHERE driver IS NOT NULL;
        CREATE TABLE driver_holds (
            driver TEXT PRIMARY KEY,
            order_id TEXT NOT NULL
        )",
    ),
    Migration::same(
        "orders/0002_drivers",
        "CREATE TABLE drivers (
            id TEXT PRIMARY KEY,
            tenant TEXT NOT NULL,
            city TEXT NOT NULL,
            name TEXT NOT NULL,
            plate TEXT NOT NULL,
            seats BIGINT NOT NULL,
            active BIGINT NOT NULL,
            shift TEXT NOT NULL,
            lat DOUBLE PRECISION,
            lon DOUBLE PRECISION,
            created_at BIGINT NOT NULL,
            shift_at BIGINT NOT NULL
        );
        CREATE INDEX drivers_by_city ON drivers (city, id);
        CREATE INDEX drivers_on_shift ON drivers (city) WHERE shift <> 'offline'",
    ),
    Migration::same(
        "orders/0003_next_orders",
        "CREATE TABLE driver_next (
            driver TEXT PRIMARY KEY,
            order_id TEXT NOT NULL
        )",
    ),
    Migration::same(
        "orders/0004_prices",
        "CREATE TABLE order_prices (
            order_id TEXT PRIMARY KEY,
            body TEXT NOT NULL
        )",
    ),
    // A driver's orders have numbered places, so that he can have several of them and no place twice.
    Migration::same(
        "orders/0005_driver_orders",
        "CREATE TABLE driver_orders (
            driver TEXT NOT NULL,
            place BIGINT NOT NULL CHECK (place BETWEEN 0 AND 15),
            order_id TEXT NOT NULL,
            seats BIGINT NOT NULL,
            aboard BIGINT NOT NULL,
            PRIMARY KEY (driver, place)
        );
        INSERT INTO driver_orders (driver, place, order_id, seats, aboard)
            SELECT h.driver, 0, h.order_id, 1, CASE WHEN o.state = 'on_trip' THEN 1 ELSE 0 END
            FROM driver_holds h JOIN orders o ON o.id = h.order_id;
        INSERT INTO driver_orders (driver, place, order_id, seats, aboard)
            SELECT driver, 1, order_id, 1, 0 FROM driver_next;
        DROP TABLE driver_holds;
        DROP TABLE driver_next;
        CREATE TABLE driver_routes (
            driver TEXT PRIMARY KEY,
            city TEXT NOT NULL,
            stops TEXT NOT NULL,
            decided_at BIGINT NOT NULL
        );
        CREATE INDEX driver_routes_by_city ON driver_routes (city)",
    ),
    Migration::same(
        "orders/0010_driver_shifts",
        "CREATE TABLE driver_shifts (
            driver TEXT NOT NULL,
            at BIGINT NOT NULL,
            tenant TEXT NOT NULL,
            city TEXT NOT NULL,
            shift TEXT NOT NULL,
            lat DOUBLE PRECISION,
            lon DOUBLE PRECISION,
            PRIMARY KEY (driver, at)
        );
        CREATE INDEX driver_shifts_by_city ON driver_shifts (city, at);
        INSERT INTO driver_shifts (driver, at, tenant, city, shift, lat, lon)
            SELECT id, shift_at, tenant, city, shift, lat, lon FROM drivers",
    ),
    // A car that says nothing is a usual saloon; who says nothing takes no rides among women. Who was aboard with a
    // rider is counted while it is so, for the price that the ride comes to.
    Migration::same(
        "orders/0011_car_profiles",
        "ALTER TABLE drivers ADD COLUMN wheelchairs BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE drivers ADD COLUMN child_seats BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE drivers ADD COLUMN luggage BIGINT NOT NULL DEFAULT 2;
        ALTER TABLE drivers ADD COLUMN pets BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE drivers ADD COLUMN women_rides TEXT NOT NULL DEFAULT 'none';
        ALTER TABLE driver_orders ADD COLUMN met BIGINT NOT NULL DEFAULT 0",
    ),
];
