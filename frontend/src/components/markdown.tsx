import { memo, useState } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

/** An image from elsewhere tells its host who is reading: it is loaded only when asked for. */
function GuardedImage({ src, alt }: { src: string; alt: string }) {
  const [shown, setShown] = useState(false);
  if (shown) return <img src={src} alt={alt} referrerPolicy="no-referrer" className="max-w-full rounded-lg" />;
  return (
    <button
      type="button"
      onClick={() => setShown(true)}
      className="rounded-lg border border-dashed border-line-strong px-3 py-1.5 text-left text-sm text-muted hover:bg-panel"
    >
      Show image{alt === "" ? "" : `: ${alt}`} <span className="break-all text-xs">({src.slice(0, 80)})</span>
    </button>
  );
}

const components: Components = {
  img: ({ src, alt }) => (typeof src === "string" ? <GuardedImage src={src} alt={alt ?? ""} /> : null),
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
