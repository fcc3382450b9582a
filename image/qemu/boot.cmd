# U-Boot plays the part of the Pi's firmware: it starts the primary slot, or once the slot to be tried, which it
# forgets before it starts it. The words lie in one sector (reader/update/boot.py).
setenv word 0x50000000
setenv at 0x800
virtio dev 0
mw.b ${word} 0 0x200
virtio read ${word} ${at} 1
setenv primary
setenv try
setenv bad
env import -t ${word} 0x200 primary try bad
if test "${primary}" != "B"; then setenv primary A; fi
setenv slot ${primary}
if test -n "${try}"; then
  setenv slot ${try}
  setenv try
  mw.b ${word} 0 0x200
  env export -t -s 0x200 ${word} primary bad
  virtio write ${word} ${at} 1
fi
setenv start 'if test "${slot}" = "B"; then setenv boot 3; setenv root 5; else setenv boot 2; setenv root 4; fi; echo kaopi: starting slot ${slot}; setenv bootargs console=ttyAMA0 root=/dev/vda${root} rootfstype=erofs ro rauc.slot=${slot} panic=10 quiet systemd.show_status=no; load virtio 0:${boot} ${kernel_addr_r} vmlinuz && load virtio 0:${boot} ${ramdisk_addr_r} initrd.img && booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}'
run start
echo kaopi: slot ${slot} cannot be started
if test "${slot}" = "A"; then setenv slot B; else setenv slot A; fi
run start
reset
