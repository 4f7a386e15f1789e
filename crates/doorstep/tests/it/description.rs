//! The API's description, its page, and the console.

use std::path::Path;

use serde_json::Value;

use crate::support::{Answer, Server};

/// `docs/openapi.json` is what the server serves. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn openapi_is_as_it_is_kept() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = doorstep::api::description();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == now,
        "the API has changed: look at `UPDATE_GOLDEN=1 cargo test -p doorstep openapi` and commit docs/openapi.json"
    );
}

#[test]
fn openapi_describes_every_operation() {
    let api: Value = serde_json::from_str(&doorstep::api::description()).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = api["paths"].as_object().unwrap();
    assert!(paths.len() > 30, "{}", paths.len());
    let text = api.to_string();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let told = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{told} has no summary");
            assert!(operation["responses"]["default"].is_object(), "{told} has no problem");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{told} has no tag");
            let open = path.contains("/tiles/") || !path.starts_with("/v1/");
            assert_eq!(operation["security"].is_array(), !open, "{told}: security");
        }
    }
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(api["components"]["schemas"][name].is_object(), "{name} is used and not described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_with_their_caching_and_guards() {
    let server = Server::start().await;
    let (http, base) = (&server.admin.http, &server.admin.base);
    let get = |path: &str| http.get(format!("{base}{path}")).send();

    let described = Answer::of(get("/openapi.json").await.unwrap()).await;
    assert_eq!(described.body["info"]["title"], "Doorstep API");
    let again = http.get(format!("{base}/openapi.json")).header("if-none-match", described.header("etag")).send();
    assert_eq!(again.await.unwrap().status(), 304);

    let page = get("/docs").await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.url().path().ends_with("/docs/"));
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    let html = page.text().await.unwrap();
    assert!(html.contains("swagger-ui"));
    let set_up = get("/docs/swagger-initializer.js").await.unwrap().text().await.unwrap();
    assert!(set_up.contains("/openapi.json"), "{set_up}");
    assert_eq!(get("/docs/nothing.js").await.unwrap().status(), 404);

    // The console, or the page that says it is not built; inside places lead to it, missing files do not.
    for path in ["/", "/some/place"] {
        let page = get(path).await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
        assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(page.headers()["cache-control"].to_str().unwrap().starts_with("no-"));
    }
    assert_eq!(get("/assets/none.js").await.unwrap().status(), 404);
    assert_eq!(http.post(format!("{base}/")).send().await.unwrap().status(), 405);
    server.stop().await;
}
