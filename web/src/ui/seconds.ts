import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Rises every second while `running`, so that whoever shows a time shows it anew. */
export function useSeconds(running: boolean): void {
  const passed = useSignal(0);
  passed.value;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => {
      passed.value++;
    }, 1000);
    return () => clearInterval(timer);
  }, [running]);
}

/** Seconds as people write them: a few with one digit, many without. */
export function short(seconds: number): string {
  return seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds));
}

/** Minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
