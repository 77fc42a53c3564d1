import "./styles/page.css";
import { render } from "preact";
import { asProblem } from "./api/problem";
import { App } from "./App";
import { complaint } from "./chat/ask";
import * as chat from "./chat/keep";
import { loadMarkdown } from "./markdown/late";
import { loadModels, meet } from "./state/deployment";
import * as key from "./state/key";
import { stopOnEscape } from "./state/work";
import * as pictures from "./pictures/drawings";
import * as videos from "./videos/jobs";

chat.keep();
pictures.keep();
videos.keep();
stopOnEscape();
render(<App />, document.getElementById("app") ?? document.body);

// What the page is to show at once is there. The rest comes while the reader looks at it.
Promise.all([meet(), loadModels()])
  .catch((error: unknown) => {
    complaint.value = asProblem(error);
  })
  .finally(() => {
    if (key.key.value) void key.check();
    loadMarkdown();
  });
