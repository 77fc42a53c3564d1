import type { ComponentChildren, JSX } from "preact";
import type { Problem } from "../api/problem";
import { t } from "../words";
import { useSeconds } from "./seconds";

/** What went wrong, what the server said of it, and what can be done about it (`children`). */
export function Failure({ problem, children }: { problem: Problem; children?: ComponentChildren }): JSX.Element {
  const { detail, facts } = problem;
  return (
    <div class="failure">
      <p role="alert">{problem.wording}</p>
      <Again problem={problem} />
      {children}
      {(detail || facts.requestId) && (
        <details>
          <summary>{t("details")}</summary>
          {detail && (
            <p>
              <span lang="en">{t("server_said", { message: detail })}</span>
            </p>
          )}
          {facts.requestId && <p>{t("request_id", { id: facts.requestId })}</p>}
        </details>
      )}
    </div>
  );
}

/** Not a part of the alert, which would be read out every second. */
function Again({ problem }: { problem: Problem }): JSX.Element | null {
  useSeconds(problem.left > 0);
  return problem.again ? <p class="again">{problem.again}</p> : null;
}
