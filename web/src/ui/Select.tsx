import type { JSX } from "preact";

interface Props {
  label: string;
  value: string;
  /** Values, and how each is called. */
  options: readonly (readonly [string, string])[];
  choose: (value: string) => void;
}

/** A choice of one. */
export function Select({ label, value, options, choose }: Props): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map(([name, words]) => (
          <option key={name} value={name} selected={name === value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
