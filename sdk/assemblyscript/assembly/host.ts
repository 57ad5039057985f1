// What the host offers. A module imports only what it uses.

// @ts-ignore: decorator
@external("lessee_v1", "log")
export declare function hostLog(level: i32, ptr: usize, size: usize): void;
// @ts-ignore: decorator
@external("lessee_v1", "progress")
export declare function hostProgress(permille: i32, ptr: usize, size: usize): void;
// @ts-ignore: decorator
@external("lessee_v1", "cancelled")
export declare function hostCancelled(): i32;
// @ts-ignore: decorator
@external("lessee_v1", "http")
export declare function hostHTTP(ptr: usize, size: usize): i32;
// @ts-ignore: decorator
@external("lessee_v1", "http_response")
export declare function hostHTTPResponse(ptr: usize, size: usize): i32;
