//! What the author of a plugin in Rust includes, and all of it.
//!
//! A plugin is one function from an input to an output:
//!
//! ```ignore
//! use lessee::{json_struct, plugin, Call, Error, Result};
//!
//! json_struct! {
//!     struct In { name: String, title: Option<String> }
//!     struct Out { greeting: String }
//! }
//!
//! plugin!(greet);
//!
//! fn greet(_call: &mut Call, input: In) -> Result<Out> {
//!     if input.name.is_empty() {
//!         return Err(Error::permanent("nobody to greet"));
//!     }
//!     Ok(Out { greeting: format!("hello {}", input.name) })
//! }
//! ```
//!
//! Built as a `cdylib` for `wasm32-wasip1` (`wasm32-wasi` until Rust 1.83) it is a
//! core module: the host calls its exports. Natively it is a library like any
//! other, and [`testing::run`] runs the handler in a plain `cargo test`.
//!
//! An error means: try again later. [`Error::permanent`], [`Error::retry_after`]
//! and [`Error::park`] say otherwise. What the handler wants done
//! ([`Call::enqueue`], [`Call::command`], [`Call::emit`]) becomes part of its
//! answer, and the host commits it together with the job, or not at all.
//!
//! The host may keep a module's memory as it is after its initialisation, and
//! bring that back before every job. What is dear to make and the same for all
//! jobs is made by `plugin!(handle, init = prepare)`.
#![warn(missing_docs)]

mod call;
mod convert;
#[doc(hidden)]
pub mod core;
mod effects;
mod envelope;
mod error;
mod execute;
mod host;
pub mod http;
mod json;
mod log;
mod parse;
mod shape;
mod storable;
pub mod testing;
mod time;
mod write;

pub use crate::call::{Call, Job, Trace};
pub use crate::convert::{FromJson, Mismatch, ToJson};
pub use crate::effects::FollowUp;
pub use crate::error::{Error, Result};
pub use crate::execute::execute;
pub use crate::host::{cancelled, progress};
pub use crate::json::{Json, Number};
pub use crate::log::{log, Level};
pub use crate::parse::ParseError;
pub use crate::shape::Fields;

/// The version of the contract that this crate speaks.
pub const ABI: u32 = 1;

/// Makes a function the plugin of this crate: `plugin!(handle)`. With
/// `plugin!(handle, init = prepare)` the function `prepare` runs once, before
/// the first job. Outside WASM it makes nothing.
#[macro_export]
macro_rules! plugin {
    ($handle:path) => {
        $crate::plugin!($handle, init = $crate::core::nothing);
    };
    ($handle:path, init = $init:path) => {
        #[cfg(target_arch = "wasm32")]
        mod lessee_exports {
            use super::*;

            #[no_mangle]
            extern "C" fn lessee_init() {
                $crate::core::start();
                $init();
                $crate::core::make_room()
            }

            #[no_mangle]
            extern "C" fn lessee_abi_version() -> u32 {
                $crate::ABI
            }

            #[no_mangle]
            extern "C" fn lessee_alloc(size: usize) -> *mut u8 {
                $crate::core::alloc(size)
            }

            #[no_mangle]
            unsafe extern "C" fn lessee_execute(at: *const u8, size: usize) -> u64 {
                $crate::core::answer($crate::execute($handle, std::slice::from_raw_parts(at, size)))
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            // The handler is compiled and checked natively too, so that it is no dead code there.
            #[allow(dead_code)]
            fn checked(envelope: &[u8]) -> Vec<u8> {
                $init();
                $crate::execute($handle, envelope)
            }
        };
    };
}
