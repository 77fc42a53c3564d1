import { effect, type Signal, signal } from "@preact/signals";

/** What this browser keeps for the page under a name; null where there is nothing, or the browser keeps nothing. */
export function read<T>(storage: Storage, name: string): T | null {
  try {
    return JSON.parse(storage.getItem(name) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Keep a value under a name, or nothing. False where it cannot be kept: the browser refuses, or it is full. */
export function write(storage: Storage, name: string, value: unknown): boolean {
  try {
    if (value === null || value === undefined) storage.removeItem(name);
    else storage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** A choice that this browser remembers once it is not the usual one. */
export function remembered<T extends string | boolean>(name: string, usual: T): Signal<T> {
  const choice = signal<T>(read<T>(localStorage, name) ?? usual);
  effect(() => {
    write(localStorage, name, choice.value === usual ? null : choice.value);
  });
  return choice;
}
