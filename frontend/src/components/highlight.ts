/** Colors for code. It is large, so it is only imported when there is code to show. */

import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { common, createLowlight } from "lowlight";
import { isValidElement, type ReactElement } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";

const lowlight = createLowlight(common);

/** Returns the code as colored spans, or null if the language is not known. */
export function highlight(code: string, language: string): ReactElement | null {
  if (!lowlight.registered(language)) return null;
  const element: unknown = toJsxRuntime(lowlight.highlight(language, code), { Fragment, jsx, jsxs });
  return isValidElement(element) ? element : null;
}
