import { Problem } from "../api/problem";
import { limit } from "../state/deployment";

const MB = 1e6;
/** Bytes above which a picture is drawn again, smaller: each turn of a chat carries it along. */
const LARGE_PICTURE = MB;
const LONGEST_SIDE = 2048;
const JPEG_QUALITY = 0.85;
/** The part of a limit that is left for a file when base64 has added a third. */
const BASE64_SHARE = 0.7;

/** A file that goes along with a message, as a data URL. */
export class Attachment {
  constructor(
    readonly name: string,
    readonly url: string,
  ) {}

  get type(): string {
    return this.url.slice(5, this.url.indexOf(";"));
  }

  get isPicture(): boolean {
    return this.type.startsWith("image/") && this.type !== "image/svg+xml";
  }

  toJSON(): string {
    return this.url;
  }
}

/** Read a file. `used`: bytes of the request that are taken already. Throws a `Problem`. */
export async function attach(file: File, used: number): Promise<{ attachment: Attachment; smaller: boolean }> {
  const content = await shrunk(file);
  const url = await dataUrl(content).catch(() => {
    throw new Problem("unreadable", { name: file.name });
  });
  if (used + url.length > limit.value * MB) {
    throw new Problem("too_large", { name: file.name, limit: Math.floor(limit.value * BASE64_SHARE) });
  }
  return { attachment: new Attachment(file.name, url), smaller: content !== file };
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = reject;
    reader.readAsDataURL(blob);
  });
}

async function shrunk(file: File): Promise<Blob> {
  if (file.size <= LARGE_PICTURE || !/^image\/(?!svg)/.test(file.type)) return file;
  const bitmap = await createImageBitmap(file).catch(() => null); // none for a format that this browser cannot draw
  if (!bitmap) return file;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const context = canvas.getContext("2d");
  if (!context) return file;
  context.fillStyle = "#fff"; // JPEG knows no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY);
  });
  return blob && blob.size < file.size ? blob : file;
}
