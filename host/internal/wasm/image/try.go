package image

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// try proves on a small region that restoring works here, after writes from
// this process and from the kernel on its behalf. A kernel, a container or a
// security policy can get in the way of any step.
func (k *Keeper) try() (err error) {
	content := bytes.Repeat([]byte("image"), 2*wasmPage/5+1)[:2*wasmPage]
	image, err := k.Take(content)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	region, err := Reserve(4 * wasmPage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, region.Close()) }()
	memory := region.Reallocate(uint64(len(content)))
	if err := region.Keep(image); err != nil {
		return err
	}
	for range 3 { // the second and third time pages are already known as written
		if err := scribble(memory); err != nil {
			return err
		}
		if err := region.Restore(); err != nil {
			return err
		}
		if !bytes.Equal(memory, content) {
			return errors.New("a trial region was not restored exactly")
		}
	}
	return nil
}

// scribble writes to a page from here, and to another by a system call.
func scribble(memory []byte) error {
	memory[5] ^= 0xff
	from, to, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer from.Close()
	_, err = to.Write([]byte("written by the kernel"))
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("write to a pipe: %w", err)
	}
	if _, err := from.Read(memory[wasmPage+100 : wasmPage+200]); err != nil {
		return fmt.Errorf("read(2) into a region: %w", err)
	}
	return nil
}
