//! Embeds the console anew when it was built anew; without `web/dist` the binary says so on its page.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A path that does not exist would make cargo run this script every time.
    let dist = std::path::Path::new("../../web/dist").exists();
    println!("cargo:rerun-if-changed={}", if dist { "../../web/dist" } else { "../../web" });
}
