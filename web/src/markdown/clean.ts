import DOMPurify from "dompurify";

const TAGS =
  "div p br hr h3 h4 h5 h6 em strong s a img code pre blockquote ul ol li table thead tbody tr th td input span".split(" ");
const ATTRIBUTES = "href src alt title class start type checked disabled".split(" ");
const ADDRESSES = /^(?:https?:|mailto:|data:image\/(?!svg))/i;

/** The nodes of this HTML, with nothing in them that could act. */
export function clean(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: ADDRESSES,
    ADD_URI_SAFE_ATTR: ["type", "start"], // else they would have to be addresses
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}
