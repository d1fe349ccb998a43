import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

/** An image from elsewhere tells its host who is reading: it is a link, and opens in a tab of its own. */
function ImageLink({ src, alt }: { src: string; alt: string }) {
  return (
    <a
      href={src}
      target="_blank"
      rel="noreferrer noopener"
      className="inline-block rounded-lg border border-dashed border-line-strong px-3 py-1.5 text-sm"
    >
      Open image{alt === "" ? "" : `: ${alt}`} <span className="break-all text-xs">({src.slice(0, 80)})</span>
    </a>
  );
}

const components: Components = {
  img: ({ src, alt }) => (typeof src === "string" ? <ImageLink src={src} alt={alt ?? ""} /> : null),
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
};

/** Text the model wrote, as Markdown; HTML in it stays text. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose-chat">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});
