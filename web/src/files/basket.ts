import { type Signal, signal } from "@preact/signals";
import { asProblem, type Problem } from "../api/problem";
import { Attachment, attach } from "./attachment";

/** The files that are attached to a message that is being written. */
export class Basket {
  readonly items: Signal<Attachment[]> = signal([]);
  readonly problem: Signal<Problem | null> = signal(null);
  /** The name of the file that was made smaller last. */
  readonly smaller = signal("");

  /** `used`: bytes that the request has without these files. `single`: a new file takes the place of the old. */
  constructor(
    private readonly used: () => number,
    private readonly single = false,
  ) {}

  /** Attach files, each that can be. */
  async add(files: Iterable<File>): Promise<void> {
    this.problem.value = null;
    for (const file of files) {
      try {
        const { attachment, smaller } = await attach(file, this.used() + this.size);
        this.items.value = this.single ? [attachment] : [...this.items.value, attachment];
        this.smaller.value = smaller ? file.name : "";
      } catch (error) {
        this.problem.value = asProblem(error);
      }
    }
  }

  remove(attachment: Attachment): void {
    this.items.value = this.items.value.filter((other) => other !== attachment);
  }

  /** Take all of them out. */
  empty(): Attachment[] {
    const items = this.items.value;
    this.items.value = [];
    this.smaller.value = "";
    return items;
  }

  private get size(): number {
    return this.single ? 0 : this.items.value.reduce((sum, { url }) => sum + url.length, 0);
  }
}
