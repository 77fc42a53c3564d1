import type { JSX } from "preact";
import { t, type Word } from "../words";

/** What stands where nothing was asked yet: examples to begin with. */
export function Empty({ title, examples, choose }: { title: Word; examples: Word[]; choose: (text: string) => void }): JSX.Element {
  return (
    <div class="empty">
      <h2>{t(title)}</h2>
      <ul>
        {examples.map((word) => (
          <li key={word}>
            <button type="button" onClick={() => choose(t(word))}>
              {t(word)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
