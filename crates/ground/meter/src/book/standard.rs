//! The price book that holds until somebody puts another.

/// Prices in the neighbourhood of what the large clouds ask for the same, in US dollars.
pub(super) const TEXT: &str = r#"
name = "standard"
currency = "USD"

# Work runs on at most so many cores; of what waits, the higher priority goes first.
[[speeds]]
name = "economy"
cores = 1
priority = 2
factor = "0.7"

[[speeds]]
name = "standard"
cores = 2
priority = 5
factor = "1"

[[speeds]]
name = "fast"
cores = 8
priority = 8
factor = "1.6"

[prices]
query_cpu = { price = "0.05" }                   # a CPU-hour
query_memory = { price = "0.005" }               # a GiB for an hour
query_scan = { price = "1" }                     # a TiB, after pruning
storage = { price = "0.02", tiers = [{ above = "51200", price = "0.018" }] } # a GiB for a month
requests_write = { price = "0.005" }             # a thousand
requests_read = { price = "0.0004" }             # a thousand
egress = { price = "0.05", free = "100" }        # a GiB
image_cpu = { price = "0.05" }                   # a CPU-hour
image_pictures = { price = "0" }                 # a thousand
api_requests = { price = "0" }                   # a thousand
"#;
