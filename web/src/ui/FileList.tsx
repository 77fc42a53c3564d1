import type { JSX } from "preact";
import type { Attachment } from "../files/attachment";
import { t } from "../words";

/** Attached files; with a way to take each out again, where there is one. */
export function FileList({ files, remove }: { files: readonly Attachment[]; remove?: (file: Attachment) => void }): JSX.Element | null {
  if (!files.length) return null;
  return (
    <ul class="files">
      {files.map((file) => (
        <li key={file.url.length + file.name}>
          {file.isPicture && <img src={file.url} alt="" />}
          <span>{file.name}</span>
          {remove && (
            <button type="button" class="small quiet" aria-label={t("remove", { name: file.name })} onClick={() => remove(file)}>
              ×
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
