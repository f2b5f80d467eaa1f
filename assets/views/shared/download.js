/** Files that the browser makes itself. */

/**
 * Offers a file for download.
 *
 * @param {string} name
 * @param {Blob | string} content
 * @param {string} [type]  the media type, where the content is text
 */
export function download(name, content, type = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
