interface PictureProps {
  address: string;
  alt: string;
  /** Where the picture is by itself, if it has an address. */
  link: string | null;
  /** What it is known to be, so that nothing moves when it arrives. */
  size?: { width: number; height: number };
  className?: string;
}

/** A picture that is fetched when it comes near the screen; one with an address of its own opens there. */
export function Picture({ address, alt, link, size, className = "" }: PictureProps) {
  const image = <img src={address} alt={alt} loading="lazy" decoding="async" {...size} className={className} />;
  if (link === null) return image;
  return (
    <a href={link} target="_blank" rel="noreferrer noopener" className="block focus-visible:-outline-offset-2">
      {image}
    </a>
  );
}
