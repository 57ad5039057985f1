// What a worker tells its parent: "ready", then how many jobs it has done so far.
export function tell() {
  const jobs = {
    done: 0,
    onEnd(stop) {
      process.stdin.on("end", () => stop().then(() => process.exit(0)));
      process.stdin.resume();
    },
  };
  let told = 0;
  console.log("ready");
  setInterval(() => {
    if (jobs.done > told) console.log((told = jobs.done));
  }, 5);
  return jobs;
}
