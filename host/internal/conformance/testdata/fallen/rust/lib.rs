//! Falls over in the way its payload names, or answers what no host commits.
use lessee::{json_struct, object, plugin, Call, Json, Result};

json_struct! {
    struct Input { r#do: String }
}

plugin!(handle);

fn handle(_call: &mut Call, input: Json) -> Result<Json> {
    Ok(match input["do"].as_str().unwrap_or("") {
        "panic" => panic!("no more shelves"),
        "trap" => place(&[]),
        "nul" => object! { "shelf" => object! { "label" => "a\0b" } },
        "schema" => object! { "pages" => "three" },
        _ => object! { "pages" => 3 },
    })
}

#[inline(never)]
fn place(shelf: &[i32]) -> Json {
    if shelf.is_empty() {
        core::arch::wasm32::unreachable() // what a fault in unsafe code comes to
    }
    object! { "pages" => shelf[0] }
}
