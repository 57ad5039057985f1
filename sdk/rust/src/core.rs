//! What the exports of a core module do; `plugin!` makes the exports.

use std::sync::Mutex;

pub use crate::shape::put;

/// How much heap a job finds free. What it allocates beyond that grows the
/// memory, and an instance whose memory has grown can't be restored, so that the
/// next job has to wait for a new one.
const ROOM: usize = 1 << 20;

// The buffers that cross the border are kept here: the host holds only numbers.
static INBOX: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTBOX: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The default of `init`.
pub fn nothing() {}

/// Makes panics tell where they were, after the constructors ran. Those are
/// called by name because otherwise the linker, until Rust links WASI's reactor
/// start into a cdylib, wraps every export in a call of them. With that start
/// they run twice; those of WASI's libc can.
/// See <https://github.com/rust-lang/rust/pull/161421>.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    extern "C" {
        fn __wasm_call_ctors();
    }
    unsafe { __wasm_call_ctors() }
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => text,
            (_, Some(text)) => text.as_str(),
            _ => "a value that is no text",
        };
        let place = info.location().map(|l| format!(", {}:{}:{}", l.file(), l.line(), l.column()));
        crate::host::last_words(&format!("panic: {}{}", message, place.unwrap_or_default()));
    }));
}

/// Leaves free heap behind.
pub fn make_room() {
    let mut room = Vec::<u8>::with_capacity(ROOM);
    // Without a write that counts, the compiler would drop the allocation.
    unsafe { room.as_mut_ptr().write_volatile(0) };
}

/// Where the host may write `size` bytes; null if there is no room.
pub fn alloc(size: usize) -> *mut u8 {
    let mut fresh = Vec::new();
    if fresh.try_reserve_exact(size).is_err() {
        return std::ptr::null_mut();
    }
    let at = fresh.as_mut_ptr();
    *INBOX.lock().unwrap() = fresh;
    at
}

/// Keeps the result until the next one, and says where it is.
pub fn answer(result: Vec<u8>) -> u64 {
    let packed = (result.as_ptr() as u64) << 32 | result.len() as u64;
    *OUTBOX.lock().unwrap() = result;
    packed
}
