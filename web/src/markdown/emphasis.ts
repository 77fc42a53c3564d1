import type { MarkdownIt, StateInline } from "markdown-it";

const CHINESE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]/u;

/**
 * CommonMark lets no emphasis end between a punctuation mark and a letter, as in `**“重点”**后面`. Chinese has no spaces
 * to put there, so beside a Chinese letter it may.
 */
export function emphasisBesideChinese(parser: MarkdownIt): void {
  const { isWhiteSpace, isPunctChar } = parser.utils;
  const space = (character: string): boolean => isWhiteSpace(character.codePointAt(0) ?? 0);
  const free = (near: string, far: string): boolean =>
    !space(near) && (!isPunctChar(near) || space(far) || isPunctChar(far) || CHINESE.test(far));

  parser.inline.State = class extends parser.inline.State {
    override scanDelims(start: number, canSplitWord: boolean): ReturnType<StateInline["scanDelims"]> {
      const { src, posMax } = this;
      const marker = src[start] ?? "";
      let end = start;
      while (end < posMax && src[end] === marker) end++;
      const last = before(src, start);
      const next = after(src, end, posMax);
      const left = free(next, last);
      const right = free(last, next);
      return {
        can_open: left && (canSplitWord || !right || isPunctChar(last)),
        can_close: right && (canSplitWord || !left || isPunctChar(next)),
        length: end - start,
      };
    }
  };
}

function before(text: string, place: number): string {
  if (place === 0) return " ";
  const low = text.charCodeAt(place - 1);
  const isPair = low >= 0xdc00 && low <= 0xdfff && place > 1;
  return String.fromCodePoint(text.codePointAt(isPair ? place - 2 : place - 1) ?? 0x20);
}

function after(text: string, place: number, end: number): string {
  return place < end ? String.fromCodePoint(text.codePointAt(place) ?? 0x20) : " ";
}
