//! Which bucket a host names: `bucket.domain`, or none for the domain itself, an address or any other name.

/// The bucket in front of one of the domains, which are in small letters. Ports are not looked at.
#[must_use]
pub fn bucket_of_host(host: &str, domains: &[String]) -> Option<String> {
    let name = host.rsplit_once(':').map_or(
        host,
        |(name, port)| {
            if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
        },
    );
    let name = name.to_ascii_lowercase();
    let under = |domain: &String| {
        let bucket = name.strip_suffix(domain.as_str())?.strip_suffix('.')?;
        (!bucket.is_empty()).then(|| bucket.to_owned())
    };
    domains.iter().find_map(under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_in_hosts() {
        let domains = ["s3.example.com".to_owned(), "localhost".to_owned()];
        let of = |host: &str| bucket_of_host(host, &domains);
        assert_eq!(of("photos.s3.example.com"), Some("photos".to_owned()));
        assert_eq!(of("My.Photos.S3.example.com:9000"), Some("my.photos".to_owned()));
        assert_eq!(of("photos.localhost:9000"), Some("photos".to_owned()));
        for none in [
            "s3.example.com",
            "localhost:9000",
            "127.0.0.1:9000",
            "[::1]:9000",
            "evils3.example.com",
            "example.org",
            ".localhost",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
